/**
 * `node tools/mutation.ts --corpus DIR [--runs N] [--seed N]`: damages the documents of a corpus, byte by byte and piece by
 * piece, and reads them. Every damaged document must be answered, soon; what is accepted must be something that the
 * language can say: printed and read back it is the same.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, isDeepStrictEqual } from 'node:util'
import type { Artifact } from '@vamp/model/artifact'
import { type Kind, KINDS, kindOf } from '@vamp/model/kind'
import { parseArtifact, parseBodies, parseDeploymentBody, parseDocuments, parseImports } from '@vamp/model/parse/document'
import { parseCompose } from '@vamp/model/parse/compose'
import { parseEventQuery, parseEvents } from '@vamp/model/parse/event'
import { parseSource, plainValue } from '@vamp/model/parse/source'
import { printJson } from '@vamp/model/print/json'
import { printYaml } from '@vamp/model/print/yaml'
import { readManifest } from './conformance-manifest.ts'

export interface MutationReport {
  readonly runs: number
  readonly accepted: number
  /** Milliseconds that the slowest document took. */
  readonly slowest: number
  readonly failed: readonly { readonly text: string; readonly why: string }[]
}

const FAILURES_SHOWN = 10

export function mutate(corpus: string, runs: number, seed: number): MutationReport {
  const random = randomFrom(seed)
  const originals = readManifest(corpus).map(({ file, kind }) => ({ kind: kindOf(kind), text: readFileSync(join(corpus, file), 'utf8') }))
  const failed: { text: string; why: string }[] = []
  let [accepted, slowest] = [0, 0]
  for (let run = 0; run < runs && failed.length < FAILURES_SHOWN; run++) {
    const { kind = pick(KINDS, random), text } = originals[run % originals.length] ?? { text: '' }
    const damaged = random() < 0.5 ? damageText(text, random) : damageStructure(text, originals.map(original => original.text), random)
    const start = performance.now()
    try {
      const problem = examine(kind, damaged)
      if (problem === 'accepted') accepted++
      else if (problem !== undefined) failed.push({ text: damaged, why: problem })
    } catch (error) {
      failed.push({ text: damaged, why: error instanceof Error ? error.stack ?? error.message : String(error) })
    }
    slowest = Math.max(slowest, performance.now() - start)
  }
  return { runs, accepted, slowest, failed }
}

/** Nothing if it is refused, `accepted` if it is a sound artifact, else what is wrong. */
function examine(kind: Kind, text: string): string | undefined {
  const readers: readonly ((text: string) => { readonly is: string })[] = [parseDocuments, parseBodies, parseDeploymentBody, parseImports, parseEvents, parseEventQuery, body => parseCompose('name', body)]
  for (const read of readers) read(text)
  const parsed = parseArtifact(kind, text)
  if (parsed.is === 'refused') {
    const blind = parsed.problems.find(problem => problem.code === '' || problem.message === '' || !problem.at)
    return parsed.problems.length === 0 ? 'refused without a problem' : blind && `a problem without a place: ${JSON.stringify(blind)}`
  }
  return roundTrip(parsed.value)
}

function roundTrip(artifact: Artifact): string {
  for (const text of [JSON.stringify(printJson(artifact)), printYaml(artifact)]) {
    const again = parseArtifact(artifact.kind, text)
    if (again.is === 'refused') return `accepted, but printed it is refused: ${JSON.stringify(again.problems)}\n${text}`
    if (!isDeepStrictEqual(again.value, artifact)) return `accepted, but printed and read back it is another:\n${text}`
  }
  return 'accepted'
}

const TOKENS = ['', ' ', '\n', '\t', ':', ': ', '- ', '[', ']', '{', '}', ',', '"', "'", '#', '&a ', '*a', '!', '!!str ', '|', '>', '%', '~', 'null', '<<: ', '---\n', '...', '\u0000', '\uFEFF', '👍', '\\', '$', '${', '0', '-1', '1e999', '__proto__', 'a/b', '50%']

function damageText(text: string, random: () => number): string {
  let damaged = text
  for (let times = 1 + Math.floor(random() * 4); times > 0; times--) {
    const at = Math.floor(random() * (damaged.length + 1))
    const length = Math.floor(random() ** 3 * 40)
    const piece = random() < 0.5 ? pick(TOKENS, random) : damaged.slice(at, at + length)
    const to = random() < 0.5 ? at : Math.floor(random() * (damaged.length + 1))
    damaged = random() < 0.3 ? damaged.slice(0, at) + damaged.slice(at + length) : damaged.slice(0, to) + piece + damaged.slice(to)
  }
  return damaged
}

const VALUES: readonly unknown[] = [null, '', 'a', 'a b', 'a/b', '$', '$x', '50%', '101%', '10s', '8080/tcp', 0, -1, 1.5, 1e300, true, [], {}, [[]], ['a', 'a'], { reference: 'a' }, { name: 'a' }, [null], { '': null }]

/** A piece of the document is dropped, doubled, renamed, replaced, or comes from elsewhere in the corpus. */
function damageStructure(text: string, others: readonly string[], random: () => number): string {
  const value = valueIn(text)
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
    const places = placesIn(value)
    const place = places[Math.floor(random() * places.length)]
    if (!place) break
    const { holder, key } = place
    const choice = random()
    if (choice < 0.2) delete holder[key]
    else if (choice < 0.4) rename(holder, key, pick([...KEYS, ...TOKENS], random))
    else if (choice < 0.8) holder[key] = structuredClone(pick(VALUES, random))
    else holder[key] = pieceOf(valueIn(pick(others, random)), random)
  }
  return JSON.stringify(value) ?? 'null'
}

const KEYS = ['name', 'kind', 'reference', 'breed', 'services', 'routes', 'gateways', 'ports', 'weight', 'condition', 'metadata', 'sticky', 'dialects', 'scale', 'sla', 'import', 'escalations', 'health_checks', 'environment_variables']

function rename(holder: Record<string, unknown>, from: string, to: string): void {
  const held = holder[from]
  delete holder[from]
  Object.defineProperty(holder, Array.isArray(holder) ? String(holder.length) : to, { value: held, enumerable: true, configurable: true, writable: true })
}

function valueIn(text: string): unknown {
  const source = parseSource(text)
  return source.is === 'ok' && source.value[0] ? plainValue(source.value[0].root) : {}
}

function placesIn(value: unknown): { readonly holder: Record<string, unknown>; readonly key: string }[] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap(key => [{ holder, key }, ...placesIn(holder[key])])
}

function pieceOf(value: unknown, random: () => number): unknown {
  const place = pick(placesIn(value), random)
  return structuredClone(place ? place.holder[place.key] : value)
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T
}

/** Mulberry32: the same seed, the same damage. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function main(): void {
  const { values } = parseArgs({ options: { corpus: { type: 'string', default: '../shared/corpus' }, runs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } } })
  const report = mutate(values.corpus, Number(values.runs), Number(values.seed))
  for (const { text, why } of report.failed) console.log(`FAILED ${why}\n${text}\n`)
  console.log(`${report.runs} documents, ${report.accepted} accepted, the slowest took ${report.slowest.toFixed(0)} ms`)
  if (report.failed.length > 0) process.exitCode = 1
}

if (import.meta.main) main()
