/**
 * A `Rollout` of Argo (`argoproj.io/v1alpha1`) with the `AnalysisTemplate`s it names, as a release. What a template measures is
 * guessed from its name, its query and its condition, and the guess is said.
 */
import { printTime } from '../quantity.ts'
import { type Imported, type ImportWishes, leaveOut, newNotes, type Notes } from './imported.ts'
import { listAt, mapAt, nameOf, namespaceOf, numberAt, percent, type Plain, secondsAt, textAt } from './kubernetes.ts'

/** Seconds that Argo keeps the old version of a service whose traffic it routes. */
const SCALE_DOWN_DELAY_SECONDS = 30
const MAXIMUM_SECONDS = 1800

/** `templates`: what else was in the file. */
export function importArgo(rollout: unknown, templates: readonly unknown[], wishes: ImportWishes = {}): Imported {
  const notes = newNotes()
  const spec = mapAt(rollout, 'spec') ?? {}
  const cluster = nameOf(rollout)
  if (wishes.deployment === undefined) notes.changed.push({ field: 'metadata.namespace', note: 'became the deployment' })
  leaveOut(notes, 'spec', spec, ['strategy', 'selector'], SPEC)
  const blueGreen = mapAt(spec, 'strategy', 'blueGreen')
  const course = blueGreen ? blueGreenCourse(blueGreen, notes) : canaryCourse(mapAt(spec, 'strategy', 'canary') ?? {}, notes)
  const objectives = objectivesOf(course.analyses, templates, notes)
  return {
    release: {
      kind: 'release', name: cluster, deployment: wishes.deployment ?? namespaceOf(rollout), cluster, to: wishes.to ?? breedOf(cluster, spec, notes),
      ...course.fields, objectives, ...(course.gates.length > 0 ? { gates: course.gates } : {}),
    },
    ...notes,
  }
}

interface Course {
  readonly fields: Readonly<Record<string, unknown>>
  readonly gates: readonly object[]
  /** Names of templates, each once. */
  readonly analyses: readonly Analysis[]
}

interface Analysis { readonly template: string; readonly field: string }

const SPEC: Readonly<Record<string, string>> = {
  replicas: 'the size is the service\'s: `scale` in the blueprint',
  template: 'the pod is a breed: deployable, ports, environment, health checks',
  workloadRef: 'the pod is a breed: deployable, ports, environment, health checks',
  minReadySeconds: '`initial_delay` and `interval` of a health check take its place',
  revisionHistoryLimit: 'every version is a breed that stays',
  progressDeadlineSeconds: 'a version that is not healthy after 5 min is given up',
  progressDeadlineAbort: 'a version that does not become healthy is always given up',
  paused: '`vamp release pause` takes its place',
  restartAt: 'has no counterpart',
  analysis: 'what was decided on is kept as events',
  rollbackWindow: 'every release is judged, also one that goes back; while the old version is warm, `vamp release rollback` is at once',
}

const CANARY: Readonly<Record<string, string>> = {
  canaryService: 'the gateway of the cluster takes its place',
  stableService: 'the gateway of the cluster takes its place',
  pingPong: 'the gateway of the cluster takes its place',
  trafficRouting: 'Vamp routes itself',
  maxSurge: 'the new version is started whole beside the old one',
  maxUnavailable: 'the old version stays whole until the end',
  canaryMetadata: 'has no counterpart',
  stableMetadata: 'has no counterpart',
  antiAffinity: 'where instances run is the scheduler\'s',
  dynamicStableScale: 'the old version stays whole: it can take everything back at once',
  abortScaleDownDelaySeconds: 'a version that was rolled back is drained and removed',
  minPodsPerReplicaSet: '`scale` of the release says how many instances it starts with',
  scaleDownDelayRevisionLimit: 'one old version is kept warm',
}

function canaryCourse(canary: Plain, notes: Notes): Course {
  leaveOut(notes, 'spec.strategy.canary', canary, ['steps', 'analysis', 'scaleDownDelaySeconds'], CANARY)
  const { weights, holds, gates, analyses } = stepsOf(listAt(canary, 'steps'), notes)
  const background = templatesIn(mapAt(canary, 'analysis') ?? {}, 'spec.strategy.canary.analysis')
  if (numberAt(canary, 'analysis', 'startingStep') !== undefined) notes.left.push({ field: 'spec.strategy.canary.analysis.startingStep', note: 'a release is judged from its first request on' })
  const hold = Math.max(0, ...holds)
  if (new Set(holds).size > 1) notes.changed.push({ field: 'spec.strategy.canary.steps', note: `pauses of different lengths became the longest one, ${printTime(hold)}, for every step` })
  const minimum = holds.reduce((sum, each) => sum + each, 0)
  return {
    fields: {
      ...(weights.length > 0 ? { ramp: weights.map(percent), hold: printTime(hold) } : { ramp: 'auto' }),
      ...(canary['scaleDownDelaySeconds'] === undefined ? {} : { keep: printTime(numberAt(canary, 'scaleDownDelaySeconds') ?? SCALE_DOWN_DELAY_SECONDS) }),
      ...(minimum > 0 ? { clock: { minimum: printTime(minimum), ...(minimum > MAXIMUM_SECONDS ? { maximum: printTime(minimum * 2) } : {}) } } : {}),
    },
    gates, analyses: [...background, ...analyses],
  }
}

interface Steps { readonly weights: number[]; readonly holds: number[]; readonly gates: object[]; readonly analyses: Analysis[] }

const STEPS: Readonly<Record<string, string>> = {
  experiment: 'run a release with `strategy: experiment` first',
  setCanaryScale: '`scale` of the release says how many instances it starts with',
  setHeaderRoute: 'write the header as the audience of a release of its own',
  setMirrorRoute: '`strategy: shadow` mirrors and does nothing else',
  replicaProgressThreshold: 'every instance is healthy before it gets traffic',
  plugin: 'a gate with a webhook can take its place',
}

function stepsOf(steps: readonly unknown[], notes: Notes): Steps {
  const read: Steps = { weights: [], holds: [], gates: [], analyses: [] }
  for (const [index, step] of steps.entries()) {
    const field = `spec.strategy.canary.steps[${index}]`
    const weight = numberAt(step, 'setWeight')
    const pause = mapAt(step, 'pause')
    if (weight !== undefined) {
      if (weight > (read.weights.at(-1) ?? 0) && weight <= 100) read.weights.push(weight)
      else notes.left.push({ field, note: `a ramp only grows: ${weight}% was left out` })
    } else if (pause) {
      const seconds = secondsAt(pause, 'duration')
      if (seconds !== undefined && seconds > 0) read.holds.push(seconds)
      else read.gates.push({ approve: 'anyone', before: percent(nextWeight(steps, index)) })
    } else if (mapAt(step, 'analysis')) read.analyses.push(...templatesIn(mapAt(step, 'analysis') ?? {}, `${field}.analysis`))
    else leaveOut(notes, field, mapAt(step) ?? {}, ['pause'], STEPS)
  }
  return read
}

function nextWeight(steps: readonly unknown[], after: number): number {
  return steps.slice(after).map(step => numberAt(step, 'setWeight')).find(weight => weight !== undefined) ?? 100
}

const BLUE_GREEN: Readonly<Record<string, string>> = {
  activeService: 'the gateway of the cluster takes its place',
  previewService: 'every instance has an address of its own',
  previewMetadata: 'has no counterpart',
  activeMetadata: 'has no counterpart',
  antiAffinity: 'where instances run is the scheduler\'s',
  abortScaleDownDelaySeconds: 'a version that was rolled back is drained and removed',
  scaleDownDelayRevisionLimit: 'one old version is kept warm',
  autoPromotionSeconds: 'time alone is no yes: a release is promoted when the evidence is in',
  maxUnavailable: 'the old version stays whole until the end',
}

function blueGreenCourse(blueGreen: Plain, notes: Notes): Course {
  leaveOut(notes, 'spec.strategy.blueGreen', blueGreen, ['autoPromotionEnabled', 'scaleDownDelaySeconds', 'prePromotionAnalysis', 'postPromotionAnalysis', 'previewReplicaCount'], BLUE_GREEN)
  const instances = numberAt(blueGreen, 'previewReplicaCount')
  return {
    fields: {
      strategy: 'blue-green', ...(instances === undefined ? {} : { scale: { instances } }),
      keep: printTime(numberAt(blueGreen, 'scaleDownDelaySeconds') ?? SCALE_DOWN_DELAY_SECONDS),
    },
    gates: blueGreen['autoPromotionEnabled'] === false ? [{ approve: 'anyone', before: '100%' }] : [],
    analyses: ['prePromotionAnalysis', 'postPromotionAnalysis'].flatMap(name => templatesIn(mapAt(blueGreen, name) ?? {}, `spec.strategy.blueGreen.${name}`)),
  }
}

function templatesIn(analysis: Plain, field: string): Analysis[] {
  const names = [textAt(analysis, 'templateName'), ...listAt(analysis, 'templates').map(template => textAt(template, 'templateName'))]
  return names.flatMap(template => template === undefined ? [] : [{ template, field }])
}

/** An image `shop/web:1.2` of a rollout `web` is the breed `web:1.2`. */
function breedOf(cluster: string, spec: Plain, notes: Notes): string {
  const image = textAt(listAt(spec, 'template', 'spec', 'containers')[0], 'image')
  const tag = /:([\w.-]+)$/.exec(image?.split('@')[0] ?? '')?.[1] ?? 'new'
  notes.changed.push({ field: 'spec.template', note: `a release names a breed; ${image === undefined ? 'there is no image' : `the image is ${image}`}` })
  return `${cluster}:${tag}`
}

/** Errors and the slow end of the latency are always looked at. */
function objectivesOf(analyses: readonly Analysis[], templates: readonly unknown[], notes: Notes): object[] {
  const objectives = new Map<string, object>([['error_rate', { metric: 'error_rate' }], ['latency_p99', { metric: 'latency_p99' }]])
  const seen = new Set<string>()
  for (const { template: name, field } of analyses) {
    if (seen.has(name)) continue
    seen.add(name)
    const template = templates.find(candidate => nameOf(candidate) === name)
    if (!template) notes.left.push({ field, note: `the template ${name} is not in the file` })
    for (const metric of listAt(template, 'spec', 'metrics')) {
      const objective = objectiveOf(metric, `${name}.${textAt(metric, 'name') ?? '?'}`, notes)
      if (objective) objectives.set(objective.metric, objective)
    }
  }
  return [...objectives.values()]
}

interface WrittenObjective { readonly metric: string; readonly margin?: string }

function objectiveOf(metric: unknown, field: string, notes: Notes): WrittenObjective | undefined {
  const query = Object.values(mapAt(metric, 'provider') ?? {}).map(provider => textAt(provider, 'query') ?? '').join(' ')
  const words = `${textAt(metric, 'name') ?? ''} ${query}`.toLowerCase()
  const condition = textAt(metric, 'successCondition') ?? textAt(metric, 'failureCondition') ?? ''
  const limit = Number(/(?:<=?|>=?)\s*(\d+(?:\.\d+)?)/.exec(condition)?.[1] ?? Number.NaN)
  if (numberAt(metric, 'failureLimit') !== undefined) notes.left.push({ field: `${field}.failureLimit`, note: 'failed measurements are not counted: a release is rolled back when the evidence of harm is in' })
  if (/latency|duration|response[-_ ]?time/.test(words)) {
    const latency = quantileIn(words)
    notes.changed.push({ field, note: `the condition ${condition || 'of it'} became: ${latency} is not worse than on the old version; give a margin for what you tolerate` })
    return { metric: latency }
  }
  if (/success|error|5\.?[.x*]|status/.test(words) && limit >= 0) {
    const [share, isSuccess] = [limit > 1 ? limit / 100 : limit, limit > 1 ? limit > 50 : limit > 0.5]
    const margin = percent(100 * (isSuccess ? 1 - share : share))
    notes.changed.push({ field, note: `the condition ${condition} became: at most ${margin} of the requests fail that would not have failed on the old version` })
    return { metric: 'error_rate', margin }
  }
  notes.left.push({ field, note: reasonFor(mapAt(metric, 'provider') ?? {}) })
  return undefined
}

function quantileIn(words: string): string {
  const [, digits] = /(?:p|quantile\(\s*0?\.)(50|75|90|95|999|99)\b/.exec(words) ?? []
  return `latency_p${digits ?? '99'}`
}

function reasonFor(provider: Plain): string {
  if ('job' in provider) return 'tests are not run by a release; run them behind a gate with a webhook'
  if ('web' in provider) return 'a gate with a webhook can take its place'
  return 'what it asks is not known; post the values as events and judge them as `event:TYPE`'
}
