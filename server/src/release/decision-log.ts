/**
 * A release as it was recorded, one JSON document a line: the artifact, then in order what each second was judged on and what
 * was told of it. What `GET /api/v1/releases/{name}/decisions` gives, and what can be replayed.
 */
import type { Event } from '@vamp/model/event'
import { parseArtifact } from '@vamp/model/parse/document'
import { printJson } from '@vamp/model/print/json'
import type { Release } from '@vamp/model/release'
import type { Evidence } from './evidence.ts'

/** A decision that changed something, or a person's order, as its event says. */
export interface Told {
  /** ISO-8601. */
  readonly timestamp: string
  /** `started`, `weight`, `holding`, `promoted`, `rolled_back` … */
  readonly change: string
  readonly weight: number
  readonly sentence: string
  readonly harm: number
  /** A person, where one decided. */
  readonly by?: string
}

export interface DecisionLog {
  readonly release: Release
  readonly evidence: readonly Evidence[]
  readonly told: readonly Told[]
}

export function releaseLine(release: Release): string {
  return line({ record: 'release', release: printJson(release) })
}

/** Nothing for an event that is no part of the log. */
export function eventLine({ type, timestamp, tags, value }: Event): string | undefined {
  if (type === 'release-evidence') return line({ record: 'evidence', ...value as object })
  if (type !== 'release') return undefined
  const { weight = 0, sentence = '', harm = 1, by } = value as Partial<Told>
  const change = tags.find(tag => tag.startsWith('release:'))?.slice('release:'.length) ?? ''
  return line({ record: 'told', timestamp, change, weight, sentence, harm, ...(by === undefined ? {} : { by }) })
}

const line = (record: object): string => `${JSON.stringify(record)}\n`

export type ParsedLog = { readonly is: 'ok'; readonly value: DecisionLog } | { readonly is: 'refused'; readonly reason: string }

/** From the text of a log, as it was exported. Records of kinds that are not known are passed over. */
export function parseDecisionLog(text: string): ParsedLog {
  const evidence: Evidence[] = []
  const told: Told[] = []
  let release: Release | undefined
  for (const [index, written] of text.split('\n').entries()) {
    if (written.trim() === '') continue
    const record = recordIn(written)
    if (!record) return { is: 'refused', reason: `line ${index + 1} is no record of a release; expected what GET /api/v1/releases/{name}/decisions gives` }
    if (record['record'] === 'release') release = releaseIn(record['release'])
    if (record['record'] === 'evidence') {
      if (!isEvidence(record)) return { is: 'refused', reason: `line ${index + 1} lacks what a second is judged on; it may be of an older version` }
      evidence.push(record as unknown as Evidence)
    }
    if (record['record'] === 'told') told.push(record as unknown as Told)
  }
  return release ? { is: 'ok', value: { release, evidence, told } } : { is: 'refused', reason: 'there is no release in it' }
}

type Plain = Readonly<Record<string, unknown>>

function recordIn(written: string): Plain | undefined {
  try {
    const value: unknown = JSON.parse(written)
    return isPlain(value) && typeof value['record'] === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function releaseIn(value: unknown): Release | undefined {
  const parsed = parseArtifact('releases', JSON.stringify(value))
  return parsed.is === 'ok' ? parsed.value : undefined
}

function isEvidence(record: Plain): boolean {
  const numbers = ['second', 'at', ...(record['phase'] === 'preparing' ? [] : ['weight', 'age'])]
  const arms = ['baseline', ...(record['phase'] === 'preparing' ? [] : ['canary'])]
  return numbers.every(name => typeof record[name] === 'number') && arms.every(name => isArm(record[name]))
}

function isArm(value: unknown): boolean {
  return isPlain(value) && typeof value['requests'] === 'number' && typeof value['errors'] === 'number'
    && ['latency', 'parts', 'instances'].every(name => Array.isArray(value[name]))
}

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)
