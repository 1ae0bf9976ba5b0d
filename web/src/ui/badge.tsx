import type { ReleasePhase } from '@vamp/model/release-status'
import type { ReactNode } from 'react'
import { PHASES, type Tone } from '../words.ts'

/** A shape for each tone, so that it can be told without colour. */
const MARKS: Readonly<Record<Tone, string>> = { good: '✓', bad: '✕', warn: '!', busy: '◐', calm: '○' }

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`badge ${tone}`}><span aria-hidden="true" className="mark">{MARKS[tone]}</span>{children}</span>
}

export function PhaseBadge({ phase }: { readonly phase: ReleasePhase }) {
  const { tone, label } = PHASES[phase]
  return <Badge tone={tone}>{label}</Badge>
}
