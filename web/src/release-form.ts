/** A release as a form: what is asked, what it becomes. */
import type { Gate, Objective, Strategy } from '@vamp/model/release'

export interface ReleaseForm {
  readonly deployment: string
  readonly cluster: string
  readonly to: string
  readonly name: string
  /** '' = as the version that is replaced. */
  readonly instances: string
  readonly confidence: string
  readonly badRequests: string
  /** '' = the exposure budget decides. */
  readonly steps: string
  readonly hold: string
  readonly minimum: string
  readonly maximum: string
  readonly loadCheck: string
  readonly holdBack: string
  readonly keep: string
  readonly strategy: Strategy
  /** Only these visitors take part; '' = all. */
  readonly audience: string
  /** None = errors and the slowest requests, as the language has it. */
  readonly objectives: readonly ObjectiveChoice[]
  readonly gates: readonly GateChoice[]
  /** What becomes of a release of the same cluster that is under way. */
  readonly inFlight: 'wait' | 'replace'
  /** Requests per second that Vamp sends itself; '' = none. */
  readonly visitors: string
}

export interface ObjectiveChoice { readonly metric: string; /** `0.2%`; '' = the judge's default. */ readonly margin: string; readonly goal: Objective['goal'] }
export interface GateChoice { readonly is: Gate['is']; /** Who, an address, a time window or a release. */ readonly what: string; /** Percent. */ readonly before: string }

/** The defaults of the language, said aloud. */
export const USUAL: Omit<ReleaseForm, 'deployment' | 'cluster' | 'to' | 'name'> = {
  instances: '', confidence: '99', badRequests: '200', steps: '', hold: '5m', minimum: '5m', maximum: '30m', loadCheck: '2m', holdBack: '15m', keep: '30m',
  strategy: 'canary', audience: '', objectives: [], gates: [], inFlight: 'wait', visitors: '',
}

/** `shop`, `web`, `web:1.1` → `shop-web-1.1`; the cluster is not said twice. */
export function releaseName({ deployment, cluster, to }: Pick<ReleaseForm, 'deployment' | 'cluster' | 'to'>): string {
  const version = to.startsWith(`${cluster}:`) ? to.slice(cluster.length + 1) : to
  return [deployment, cluster, version].filter(Boolean).join('-').replaceAll(/[^\w.-]/g, '-')
}

/** What is as usual is left out, so that the release says only what was chosen. */
export function bodyOf(form: ReleaseForm): Readonly<Record<string, unknown>> {
  const chosen = (key: { [K in keyof typeof USUAL]: (typeof USUAL)[K] extends string ? K : never }[keyof typeof USUAL]) => form[key].trim() !== '' && form[key].trim() !== USUAL[key]
  const steps = form.steps.split(/[\s,]+/).filter(Boolean).map(asPercent)
  const clock = {
    ...(chosen('minimum') ? { minimum: form.minimum.trim() } : {}), ...(chosen('maximum') ? { maximum: form.maximum.trim() } : {}),
    ...(chosen('loadCheck') ? { load_check: form.loadCheck.trim() } : {}), ...(chosen('holdBack') ? { hold_back: form.holdBack.trim() } : {}),
  }
  return {
    kind: 'release', name: form.name.trim(), deployment: form.deployment, cluster: form.cluster, to: form.to,
    ...(chosen('strategy') ? { strategy: form.strategy } : {}),
    ...(chosen('audience') ? { audience: form.audience.trim() } : {}),
    ...(form.objectives.length > 0 ? { objectives: form.objectives.map(({ metric, margin, goal }) => ({ metric: metric.trim(), ...(margin.trim() === '' ? {} : { margin: asPercent(margin) }), ...(goal === 'not-worse' ? {} : { goal }) })) } : {}),
    ...(form.gates.length > 0 ? { gates: form.gates.map(({ is, what, before }) => ({ [is]: what.trim(), ...(before.trim() === '' ? {} : { before: asPercent(before) }) })) } : {}),
    ...(chosen('inFlight') ? { in_flight: form.inFlight } : {}),
    ...(chosen('visitors') ? { visitors: { rate: Number(form.visitors), path: '/' } } : {}),
    ...(chosen('instances') ? { scale: { instances: Number(form.instances) } } : {}),
    ...(chosen('confidence') ? { confidence: asPercent(form.confidence) } : {}),
    ...(chosen('badRequests') ? { exposure: { bad_requests: Number(form.badRequests) } } : {}),
    ...(steps.length > 0 ? { ramp: steps, ...(chosen('hold') ? { hold: form.hold.trim() } : {}) } : {}),
    ...(chosen('keep') ? { keep: form.keep.trim() } : {}),
    ...(Object.keys(clock).length > 0 ? { clock } : {}),
  }
}

const asPercent = (text: string) => `${text.trim().replace(/ *%$/, '')}%`
