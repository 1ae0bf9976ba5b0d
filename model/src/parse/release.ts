import { parseTimeWindow } from '../time-window.ts'
import type { Gate, Objective, Ramp, Release, ReleaseClock, Strategy, Visitors } from '../release.ts'
import { readExpression } from './condition.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readArtifactName, readHeader } from './header.ts'
import { readCount, readPercentage, readTime } from './quantity.ts'
import { readScaleReference } from './scale.ts'

const STRATEGIES: readonly Strategy[] = ['canary', 'blue-green', 'rolling', 'shadow', 'experiment']
const DEFAULT_CLOCK: ReleaseClock = { minimum: 300, maximum: 1800, warm_up: 30, load_check: 120, hold_back: 900 }
const DEFAULT_OBJECTIVES: readonly Objective[] = [{ metric: 'error_rate', goal: 'not-worse' }, { metric: 'latency_p99', goal: 'not-worse' }]
const DEFAULT_CONFIDENCE = 99
const DEFAULT_BAD_REQUESTS = 200
const DEFAULT_KEEP = 1800
const DEFAULT_HOLD = 300
const VISITORS_MAX = 1000

export function readRelease(fields: Fields): Release {
  const header = readHeader(fields, 'releases')
  const strategy = fields.optional('strategy')?.oneOf(STRATEGIES, 'canary') ?? 'canary'
  const from = fields.optional('from')
  const audience = fields.optional('audience')
  const keep = fields.optional('keep')
  const guard = readPercentage(fields.optional('guard'))
  const visitors = fields.optional('visitors')
  return {
    ...header,
    deployment: readName(fields.required('deployment')),
    cluster: readName(fields.required('cluster')),
    to: readTargets(fields.required('to'), strategy),
    ...(from ? { from: readArtifactName(from) } : {}),
    ...readStartScale(fields.optional('scale')),
    ...(audience ? { audience: readExpression(audience) } : {}),
    strategy,
    ramp: readRamp(fields),
    objectives: fields.optional('objectives')?.items().map(readObjective) ?? DEFAULT_OBJECTIVES,
    confidence: readConfidence(fields.optional('confidence')),
    exposure: readExposure(fields.optional('exposure')),
    gates: fields.optional('gates')?.items().flatMap(readGate) ?? [],
    train: fields.optional('train')?.items().map(readArtifactName) ?? [],
    in_flight: fields.optional('in_flight')?.oneOf(['wait', 'replace'], 'wait') ?? 'wait',
    ...(guard === undefined ? {} : { guard: fraction(guard) }),
    ...(visitors ? { visitors: readVisitors(visitors) } : {}),
    keep: keep ? readTime(keep) : DEFAULT_KEEP,
    clock: readClock(fields.optional('clock')),
  }
}

function readName(cursor: Cursor | undefined): string {
  return cursor ? readArtifactName(cursor) : ''
}

/** Only an experiment compares several versions. */
function readTargets(cursor: Cursor | undefined, strategy: Strategy): string[] {
  const items = cursor?.items() ?? []
  const names = items.map(readArtifactName)
  if (cursor && names.length === 0) cursor.unexpectedType('the name of a breed is expected here')
  if (names.length > 1 && strategy !== 'experiment') cursor?.unexpectedType(`strategy ${strategy} leads to one version; several are an experiment`)
  for (const [index, name] of names.entries()) if (names.indexOf(name) !== index) items[index]?.report('DuplicateKey', `Duplicate key: '${name}'.`)
  return names
}

/** A whole scale, or only a number of instances of the size of the version that is replaced. */
function readStartScale(cursor: Cursor | undefined): Pick<Release, 'scale' | 'instances'> {
  if (!cursor) return {}
  const fields = cursor.isMap ? cursor.map() : undefined
  if (!fields?.has('instances') || fields.keys.length > 1) return { scale: readScaleReference(cursor) }
  const instances = fields.required('instances')
  return instances ? { instances: readCount(instances) } : {}
}

/** `auto`, or a list of shares that grow, each held for `hold`. */
function readRamp(fields: Fields): Ramp {
  const cursor = fields.optional('ramp')
  const hold = fields.optional('hold')
  if (!cursor?.isList) {
    if (cursor && (!cursor.isScalar || cursor.text() !== 'auto')) cursor.unexpectedType('auto, or a list of percentages such as [1%, 5%, 50%] is expected here')
    hold?.unexpected('hold belongs to a list of steps: ramp: [1%, 5%, 50%]')
    return { is: 'auto' }
  }
  const items = cursor.items()
  const steps = items.map(item => readPercentage(item) ?? 0)
  if (steps.length === 0) cursor.unexpectedType('at least one percentage is expected here')
  for (const [index, step] of steps.entries()) if (step <= (steps[index - 1] ?? 0)) items[index]?.unexpectedType('every step is larger than the one before, the first larger than 0%')
  return { is: 'ladder', steps, hold: hold ? readTime(hold) : DEFAULT_HOLD }
}

const METRIC = /^(error_rate|latency_p(50|75|90|95|99|999)|event:[A-Za-z0-9_-]+)$/

function readObjective(cursor: Cursor): Objective {
  if (cursor.isScalar) return { metric: readMetric(cursor), goal: 'not-worse' }
  const fields = cursor.map()
  const metric = fields.required('metric')
  const margin = readPercentage(fields.optional('margin'))
  const goal = fields.optional('goal')?.oneOf(['not-worse', 'better'], 'not-worse') ?? 'not-worse'
  const within = fields.optional('within')
  fields.finish()
  const named = metric ? readMetric(metric) : ''
  if (within && !named.startsWith('event:')) within.unexpected('within says how long after a session began an event:TYPE counts for it')
  return { metric: named, ...(margin === undefined ? {} : { margin: fraction(margin) }), ...(within ? { within: readTime(within) } : {}), goal }
}

function readMetric(cursor: Cursor): string {
  const metric = cursor.text()
  if (cursor.isScalar && !METRIC.test(metric)) cursor.unexpectedType('error_rate, latency_p50 to latency_p999, or event:TYPE is expected here')
  return metric
}

/** 0.2 % is 0.002 and not a binary neighbour of it. */
function fraction(percent: number): number {
  return Number((percent / 100).toFixed(14))
}

function readConfidence(cursor: Cursor | undefined): number {
  const confidence = readPercentage(cursor) ?? DEFAULT_CONFIDENCE
  if (cursor && (confidence < 50 || confidence >= 100)) cursor.unexpectedType('a percentage from 50% to below 100% is expected here')
  return confidence
}

function readExposure(cursor: Cursor | undefined): Release['exposure'] {
  if (!cursor) return { bad_requests: DEFAULT_BAD_REQUESTS }
  const fields = cursor.map()
  const requests = fields.required('bad_requests')
  fields.finish()
  return { bad_requests: requests ? readCount(requests) : DEFAULT_BAD_REQUESTS }
}

const GATES = ['approve', 'webhook', 'window', 'release'] as const

/** A gate stands before a share; without one, before the first request. */
function readGate(cursor: Cursor): Gate[] {
  const fields = cursor.map()
  const before = readPercentage(fields.optional('before')) ?? 0
  const is = GATES.find(kind => fields.has(kind))
  fields.ignore(...GATES)
  const text = is && fields.required(is)?.text()
  fields.finish()
  switch (is) {
    case 'approve': return [{ is, who: text ?? '', before }]
    case 'webhook':
      if (text !== undefined && !/^https?:$/.test(URL.parse(text)?.protocol ?? '')) cursor.unexpectedType('the address of a webhook begins with http:// or https://')
      return [{ is, url: text ?? '', before }]
    case 'window':
      if (text !== undefined && !parseTimeWindow(text)) cursor.unexpectedType('days, hours and a time zone are expected here, such as Mon-Thu 09:00-16:00 Europe/Amsterdam')
      return [{ is, window: text ?? '', before }]
    case 'release': return [{ is, release: text ?? '', before }]
    case undefined:
      cursor.unexpectedType('approve, webhook, window or release is expected here')
      return []
  }
}

function readVisitors(cursor: Cursor): Visitors {
  const fields = cursor.map()
  const rate = fields.required('rate')
  const path = fields.optional('path')
  fields.finish()
  const visitors = { rate: rate ? readCount(rate) : 0, path: path?.text() ?? '/' }
  if (path && !visitors.path.startsWith('/')) path.unexpectedType('a path that begins with / is expected here')
  if (rate && (visitors.rate < 1 || visitors.rate > VISITORS_MAX)) rate.unexpectedType(`a number of requests per second from 1 to ${VISITORS_MAX} is expected here`)
  return visitors
}

function readClock(cursor: Cursor | undefined): ReleaseClock {
  if (!cursor) return DEFAULT_CLOCK
  const fields = cursor.map()
  const time = (name: keyof ReleaseClock) => {
    const field = fields.optional(name)
    return field ? readTime(field) : DEFAULT_CLOCK[name]
  }
  const clock = { minimum: time('minimum'), maximum: time('maximum'), warm_up: time('warm_up'), load_check: time('load_check'), hold_back: time('hold_back') }
  fields.finish()
  if (clock.minimum > clock.maximum) cursor.unexpectedType('minimum is at most maximum')
  return clock
}
