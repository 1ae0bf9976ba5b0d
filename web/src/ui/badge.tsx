import type { InstanceView, ServiceView } from '@vamp/model/api/deployments'
import type { Phase } from '@vamp/model/deployment'
import type { ReleasePhase } from '@vamp/model/release-status'
import type { ReactNode } from 'react'
import { PHASES, type Tone } from '../words.ts'

/** A shape for each tone, so that it can be told without colour. */
export const MARKS: Readonly<Record<Tone, string>> = { good: '✓', bad: '✕', warn: '!', busy: '◐', calm: '○' }

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`badge ${tone}`}><span aria-hidden="true" className="mark">{MARKS[tone]}</span><span>{children}</span></span>
}

export function PhaseBadge({ phase }: { readonly phase: ReleasePhase }) {
  const { tone, label } = PHASES[phase]
  return <span className="phase"><Badge tone={tone}>{label}</Badge></span>
}

const SERVICE_TONES: Readonly<Record<Phase, Tone>> = { Done: 'good', Failed: 'bad', Updating: 'busy', Initiated: 'busy' }

export function ServiceBadge({ service: { status: { intention, phase } } }: { readonly service: ServiceView }) {
  return <Badge tone={SERVICE_TONES[phase.name]}>{intention === 'Undeployment' ? 'Leaving' : phase.name}</Badge>
}

const INSTANCE_TONES: Readonly<Record<InstanceView['state'], Tone>> = { ready: 'good', failed: 'bad', starting: 'busy', draining: 'calm', stopping: 'calm', warm: 'calm' }

export function InstanceBadge({ state }: { readonly state: InstanceView['state'] }) {
  return <Badge tone={INSTANCE_TONES[state]}>{state}</Badge>
}
