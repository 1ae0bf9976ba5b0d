/**
 * Pure: what an SLA's escalations make of a deployment. As in the original a group of the kind `to_one` stops at the first that
 * can act, in reverse order on the way back; `to_all` asks every one in the same order both ways. A size outside its bounds is
 * not cut to them: whoever would leave them cannot act.
 */
import type { Deployment, DeploymentService } from '@vamp/model/deployment'
import type { Escalation } from '@vamp/model/escalation'
import type { Reference } from '@vamp/model/reference'
import type { Scale } from '@vamp/model/scale'
import type { Sla } from '@vamp/model/sla'

export type Direction = 'escalate' | 'deescalate'

export interface EscalationInput {
  readonly deployment: Deployment
  /** Whose promise it is. */
  readonly cluster: string
  readonly direction: Direction
  readonly sla: Pick<Sla, 'escalations'>
  /** Stored escalations by name. */
  readonly escalations: ReadonlyMap<string, Escalation>
}

export interface Escalated {
  readonly deployment: Deployment
  readonly acted: boolean
  /** What was done, in words: `web:1.0 in web from 1 to 2 instances`. */
  readonly did: readonly string[]
  /** Why those that were asked could not act. */
  readonly couldNot: readonly string[]
  readonly notify: readonly Notice[]
}

/** A person, or a program of theirs, is told. */
export interface Notice { readonly name: string; readonly url?: string; readonly message?: string }

/** References that lead in a circle end here. */
const DEPTH_MAX = 16

/** The list of an SLA counts as one `to_one`. */
export function escalate(input: EscalationInput): Escalated {
  return toOne(input, input.sla.escalations, 0)
}

const nothing = ({ deployment }: EscalationInput, ...couldNot: readonly string[]): Escalated => ({ deployment, acted: false, did: [], couldNot, notify: [] })

function one(input: EscalationInput, given: Reference<Escalation>, depth: number): Escalated {
  const escalation = given.is === 'inline' ? given.value : input.escalations.get(given.reference)
  if (!escalation) return nothing(input, `there is no escalation '${given.is === 'reference' ? given.reference : ''}'`)
  if (depth > DEPTH_MAX) return nothing(input, `escalations refer to each other more than ${DEPTH_MAX} deep`)
  switch (escalation.type) {
    case 'to_one': return toOne(input, escalation.escalations, depth + 1)
    case 'to_all': return toAll(input, escalation.escalations, depth + 1)
    case 'scale_instances': return scale(input, escalation, 'instances', { unit: 'instances', of: ({ instances }) => instances, with: (size, instances) => ({ ...size, instances }) })
    case 'scale_cpu': return scale(input, escalation, 'cpu', { unit: 'CPU', of: ({ cpu }) => cpu, with: (size, cpu) => ({ ...size, cpu }) })
    case 'scale_memory': return scale(input, escalation, 'memory', { unit: 'MB', of: ({ memory }) => memory, with: (size, memory) => ({ ...size, memory }) })
    case 'generic': return escalation.type_name === 'notify' ? notify(input, escalation) : nothing(input, `nobody carries out escalations of the type '${escalation.type_name}'`)
    default: return escalation satisfies never
  }
}

function toOne(input: EscalationInput, escalations: readonly Reference<Escalation>[], depth: number): Escalated {
  const couldNot: string[] = []
  for (const escalation of input.direction === 'escalate' ? escalations : escalations.toReversed()) {
    const tried = one(input, escalation, depth)
    couldNot.push(...tried.couldNot)
    if (tried.acted) return { ...tried, couldNot }
  }
  return nothing(input, ...couldNot)
}

function toAll(input: EscalationInput, escalations: readonly Reference<Escalation>[], depth: number): Escalated {
  return escalations.reduce<Escalated>((sum, escalation) => {
    const next = one({ ...input, deployment: sum.deployment }, escalation, depth)
    return {
      deployment: next.deployment, acted: sum.acted || next.acted, did: [...sum.did, ...next.did],
      couldNot: [...sum.couldNot, ...next.couldNot], notify: [...sum.notify, ...next.notify],
    }
  }, nothing(input))
}

interface Measure { readonly unit: string; readonly of: (scale: Scale) => number; readonly with: (scale: Scale, value: number) => Scale }
type Scaling = Extract<Escalation, { readonly scale_by: number }>

/** Every service of the cluster that stays, each by itself. */
function scale(input: EscalationInput, { minimum, maximum, scale_by: by, target }: Scaling, what: string, measure: Measure): Escalated {
  const { deployment, direction } = input
  const name = target ?? input.cluster
  const cluster = deployment.clusters.find(each => each.name === name)
  if (!cluster) return nothing(input, `there is no cluster '${name}' to scale`)
  const did: string[] = []
  const couldNot: string[] = []
  const services = cluster.services.map((service): DeploymentService => {
    if (service.intention !== 'Deployment') return service
    const before = measure.of(service.scale)
    const after = exact(direction === 'escalate' ? before + by : before - by)
    if (after < minimum || after > maximum) {
      couldNot.push(`${service.breed.name} in ${name} would have ${after} ${measure.unit}, ${after > maximum ? `more than ${maximum}` : `less than ${minimum}`}`)
      return service
    }
    did.push(`${service.breed.name} in ${name} from ${before} to ${after} ${measure.unit}`)
    return { ...service, scale: { ...measure.with(service.scale, after), name: '' } }
  })
  if (did.length === 0) return nothing(input, ...(couldNot.length > 0 ? couldNot : [`cluster '${name}' has no service whose ${what} could change`]))
  return { deployment: { ...deployment, clusters: deployment.clusters.map(each => each.name === name ? { ...each, services } : each) }, acted: true, did, couldNot, notify: [] }
}

function notify(input: EscalationInput, { name, parameters }: Extract<Escalation, { type: 'generic' }>): Escalated {
  const said = (key: string) => typeof parameters[key] === 'string' ? { [key]: parameters[key] } : {}
  return { deployment: input.deployment, acted: true, did: ['notified'], couldNot: [], notify: [{ name: name || 'notify', ...said('url'), ...said('message') }] }
}

/** Decimals as people write them: 0.1 and 0.2 are 0.3. */
const exact = (value: number) => Number(value.toFixed(6))
