/**
 * A `Canary` of Flagger (`flagger.app/v1beta1`) as a release. Flagger compares each metric with a fixed limit; a release compares
 * two versions in the same seconds, so a limit becomes a margin where that means something, and a sentence where it does not.
 */
import { printTime } from '../quantity.ts'
import { type Imported, type ImportWishes, leaveOut, newNotes, type Notes } from './imported.ts'
import { listAt, mapAt, nameOf, namespaceOf, numberAt, percent, type Plain, secondsAt, textAt } from './kubernetes.ts'

const INTERVAL_SECONDS = 60
/** What a release waits for before it asks, unless it has to be longer. */
const MAXIMUM_SECONDS = 1800
const STEPS_MAX = 100

export function importFlagger(canary: unknown, wishes: ImportWishes = {}): Imported {
  const notes = newNotes()
  const spec = mapAt(canary, 'spec') ?? {}
  const analysis = mapAt(spec, 'analysis') ?? mapAt(spec, 'canaryAnalysis') ?? {}
  const cluster = textAt(spec, 'targetRef', 'name') ?? nameOf(canary)
  if (wishes.to === undefined) notes.changed.push({ field: 'spec.targetRef', note: 'a Canary follows a Deployment; a release names the breed of the new version in `to`' })
  if (wishes.deployment === undefined) notes.changed.push({ field: 'metadata.namespace', note: 'became the deployment' })
  leaveOut(notes, 'spec', spec, ['targetRef', 'analysis', 'canaryAnalysis'], SPEC)
  leaveOut(notes, 'spec.analysis', analysis, READ, ANALYSIS)
  const gates = gatesOf(analysis, notes)
  return {
    release: {
      kind: 'release', name: nameOf(canary), deployment: wishes.deployment ?? namespaceOf(canary), cluster, to: wishes.to ?? `${cluster}:new`,
      ...courseOf(analysis, notes), objectives: objectivesOf(analysis, notes), ...(gates.length > 0 ? { gates } : {}),
    },
    ...notes,
  }
}

const READ = ['interval', 'maxWeight', 'stepWeight', 'stepWeights', 'iterations', 'match', 'mirror', 'metrics', 'webhooks', 'threshold']

const SPEC: Readonly<Record<string, string>> = {
  service: 'ports and routes are in the gateway of the deployment',
  autoscalerRef: 'an autoscaler of Vamp takes its place',
  ingressRef: 'the gateway of the deployment takes its place',
  routeRef: 'the gateway of the deployment takes its place',
  upstreamRef: 'the gateway of the deployment takes its place',
  provider: 'Vamp routes itself',
  metricsServer: 'Vamp measures every request itself',
  progressDeadlineSeconds: 'a version that is not healthy after 5 min is given up',
  skipAnalysis: 'a release is always judged; `vamp release promote` is the way around',
  suspend: '`vamp release pause` takes its place',
  revertOnDeletion: 'deleting a release changes no traffic',
}

const ANALYSIS: Readonly<Record<string, string>> = {
  stepWeightPromotion: 'the new version stays what it is: nothing is copied to a primary',
  mirrorWeight: 'a shadow release mirrors all of the traffic',
  primaryReadyThreshold: 'every instance is healthy before it gets traffic',
  canaryReadyThreshold: 'every instance is healthy before it gets traffic',
  alerts: 'everything that happens is an event; a workflow or a webhook sink tells it on',
  sessionAffinity: 'sessions are kept by the gateway: `sticky`',
}

/** Steps and times: a ladder of weights, or for so many iterations everything or nothing. */
function courseOf(analysis: Plain, notes: Notes): Record<string, unknown> {
  const interval = secondsAt(analysis, 'interval') ?? INTERVAL_SECONDS
  const threshold = numberAt(analysis, 'threshold')
  if (threshold !== undefined) notes.left.push({ field: 'spec.analysis.threshold', note: `failed checks are not counted: a release is rolled back when the evidence of harm is in, which may be sooner than ${threshold} intervals` })
  const iterations = numberAt(analysis, 'iterations')
  if (iterations !== undefined && iterations > 0) return iteratedCourse(analysis, iterations * interval, notes)
  if (analysis['mirror'] === true) notes.left.push({ field: 'spec.analysis.mirror', note: 'the ramp begins with a small share instead; `strategy: shadow` mirrors and does nothing else' })
  const steps = weightsOf(analysis)
  if (steps.length === 0) return { ramp: 'auto' }
  const minimum = interval * steps.length
  notes.changed.push({ field: 'spec.analysis.interval', note: `every step is held for ${printTime(interval)}, longer where its evidence is not in yet; \`ramp: auto\` needs no steps and is usually faster` })
  return { ramp: steps.map(percent), hold: printTime(interval), clock: clockOf(minimum) }
}

function iteratedCourse(analysis: Plain, seconds: number, notes: Notes): Record<string, unknown> {
  const audience = audienceOf(listAt(analysis, 'match'), notes)
  const strategy = audience !== undefined ? 'canary' : analysis['mirror'] === true ? 'shadow' : 'blue-green'
  notes.changed.push({ field: 'spec.analysis.iterations', note: `the checks of ${printTime(seconds)} became the shortest time of the release` })
  return { strategy, ...(audience === undefined ? {} : { audience }), clock: clockOf(seconds) }
}

function clockOf(minimum: number): object {
  return { minimum: printTime(minimum), ...(minimum > MAXIMUM_SECONDS ? { maximum: printTime(minimum * 2) } : {}) }
}

function weightsOf(analysis: Plain): number[] {
  const given = listAt(analysis, 'stepWeights').flatMap(weight => typeof weight === 'number' ? [weight] : [])
  if (given.length > 0) return given.filter((weight, index) => weight > Math.max(0, ...given.slice(0, index)))
  const [step, most] = [numberAt(analysis, 'stepWeight') ?? 0, Math.min(100, numberAt(analysis, 'maxWeight') ?? 100)]
  return step <= 0 ? [] : Array.from({ length: Math.min(STEPS_MAX, Math.floor(most / step)) }, (_, index) => (index + 1) * step)
}

/** Conditions of one match hold together, one of the matches has to. */
function audienceOf(matches: readonly unknown[], notes: Notes): string | undefined {
  const alternatives = matches.flatMap((match, index) => {
    const headers = Object.entries(mapAt(match, 'headers') ?? {}).flatMap(([header, rule]) => headerCondition(header, rule) ?? leaveMatch(notes, `spec.analysis.match[${index}].headers.${header}`))
    for (const field of Object.keys(mapAt(match) ?? {})) if (field !== 'headers') leaveMatch(notes, `spec.analysis.match[${index}].${field}`)
    return headers.length > 0 ? [headers.join(' and ')] : []
  })
  return alternatives.length === 0 ? undefined : alternatives.length === 1 ? alternatives[0] : alternatives.map(each => `(${each})`).join(' or ')
}

function headerCondition(header: string, rule: unknown): string | undefined {
  const [exact, prefix, regex] = ['exact', 'prefix', 'regex'].map(kind => textAt(rule, kind))
  if (header.toLowerCase() === 'cookie') return cookieCondition(exact, regex)
  if (exact !== undefined) return `header ${header} is ${quoted(exact)}`
  const text = prefix ?? (regex === undefined ? undefined : plainPart(regex))
  if (text === undefined) return undefined
  return `${header.toLowerCase() === 'user-agent' ? 'user-agent' : `header ${header}`} contains ${quoted(text)}`
}

/** Either a cookie's name, or the usual expression for a pair in the header: `^(.*?;)?(canary=always)(;.*)?$`. */
function cookieCondition(exact: string | undefined, regex: string | undefined): string | undefined {
  if (exact !== undefined) return /^[\w.-]+$/.test(exact) ? `has cookie ${exact}` : undefined
  const [, name, value] = /^\^?\(\.\*\??;?\)\?\(?([\w.-]+)=([\w.-]+)\)?\(;\.\*\)\?\$?$/.exec(regex ?? '') ?? []
  return name !== undefined && value !== undefined ? `cookie ${name} is ${quoted(value)}` : undefined
}

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`

/** `.*Firefox.*` is a part of a text; anything more cannot be told in words. */
function plainPart(regex: string): string | undefined {
  const inner = regex.replaceAll(/^\^?(\.\*)?|(\.\*)?\$?$/g, '')
  return /^[\w /:-]+$/.test(inner) ? inner : undefined
}

function leaveMatch(notes: Notes, field: string): [] {
  notes.left.push({ field, note: 'write it as an audience' })
  return []
}

/** Errors and the slow end of the latency are always looked at. */
function objectivesOf(analysis: Plain, notes: Notes): object[] {
  const objectives: object[] = ['error_rate', 'latency_p99'].map(metric => ({ metric }))
  for (const [index, metric] of listAt(analysis, 'metrics').entries()) {
    const name = textAt(metric, 'name')
    const field = `spec.analysis.metrics[${index}]`
    const [least, most] = [numberAt(metric, 'thresholdRange', 'min') ?? numberAt(metric, 'threshold'), numberAt(metric, 'thresholdRange', 'max') ?? numberAt(metric, 'threshold')]
    if (mapAt(metric, 'templateRef') || textAt(metric, 'query') !== undefined) notes.left.push({ field, note: `a query is not asked; post the values as events and judge them as \`event:${name ?? 'TYPE'}\`` })
    else if (name === 'request-success-rate' && least !== undefined) {
      objectives[0] = { metric: 'error_rate', margin: percent(100 - least) }
      notes.changed.push({ field, note: `a success rate of at least ${least}% became: at most ${percent(100 - least)} of the requests fail that would not have failed on the old version` })
    } else if (name === 'request-duration' && most !== undefined) notes.changed.push({ field, note: `the limit of ${most} ms became: the slowest hundredth of the requests is not slower than on the old version; give a margin for what you tolerate` })
    else notes.left.push({ field, note: `${name ?? 'a metric without a name'} is not known` })
  }
  return objectives
}

function gatesOf(analysis: Plain, notes: Notes): object[] {
  return listAt(analysis, 'webhooks').flatMap((webhook, index): object[] => {
    const [type, url, field] = [textAt(webhook, 'type') ?? 'rollout', textAt(webhook, 'url') ?? '', `spec.analysis.webhooks[${index}]`]
    switch (type) {
      case 'confirm-rollout':
      case 'pre-rollout': return [{ webhook: url, before: '0%' }]
      case 'confirm-promotion': return [{ webhook: url, before: '100%' }]
      case 'confirm-traffic-increase': return weightsOf(analysis).map(weight => ({ webhook: url, before: percent(weight) }))
      case 'rollback': notes.left.push({ field, note: 'call POST /api/v1/releases/{name}/rollback from there' }); return []
      case 'post-rollout':
      case 'event': notes.left.push({ field, note: 'let a workflow follow the events of the release' }); return []
      default: notes.left.push({ field, note: 'traffic and tests are not started by a release; real requests are judged' }); return []
    }
  })
}
