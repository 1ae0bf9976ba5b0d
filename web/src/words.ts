/** Numbers and states as people read them. */
import { PHASE_LABELS, type ReleasePhase } from '@vamp/model/release-status'

/** `12 s`, `4 min`, `3 h`, `2 d` */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`
}

export const since = (iso: string, nowMs: number): string => duration(nowMs - Date.parse(iso))

/** Odds as they are said: `120 : 1`, `no sign` below 1, never more digits than they deserve. */
export function odds(value: number): string {
  if (!Number.isFinite(value)) return 'overwhelming'
  if (value > 1_000_000) return '> 1 000 000 : 1'
  if (value >= 10) return `${grouped(Math.round(value))} : 1`
  return value < 1.05 ? 'none' : `${value.toFixed(1)} : 1`
}

/** Thin spaces between thousands. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

/** A band of ratios: `0.8 to 2.1 ×`, `at most 2.1 ×`. */
export function timesText(low: number | null, high: number | null): string {
  const short = (value: number) => value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(2)))
  if (low === null) return high === null ? '' : `at most ${short(high)} ×`
  return high === null ? `at least ${short(low)} ×` : `${short(low)} to ${short(high)} ×`
}

/** How many times as much as chance alone; a little more is not worth telling. */
export function noiseText(noise: number | undefined): string {
  if (noise === undefined) return '–'
  return noise < 1.2 ? '1 ×' : `${noise >= 10 ? Math.round(noise) : noise.toFixed(1)} ×`
}

/** When a workflow runs, as it is written or as it was normalised. */
export function scheduleWords(schedule: unknown): string {
  if (schedule === 'daemon') return 'all the time'
  const { event, time } = (typeof schedule === 'object' && schedule !== null ? schedule : {}) as { readonly event?: { readonly tags?: readonly string[] }; readonly time?: { readonly period?: string } }
  if (event) return `on events tagged ${(event.tags ?? []).join(' and ')}`
  return time?.period === undefined ? JSON.stringify(schedule ?? '') : `at times: ${time.period}`
}

export function percent(value: number): string {
  return `${Number(value.toFixed(value < 1 && value > 0 ? 2 : 1))} %`
}

export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (value === 0) return '0 ms'
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ms`
}

/** A metric's value in its own unit. */
export function measured(metric: string, value: number | null): string {
  if (value === null) return '–'
  return metric.startsWith('latency') ? milliseconds(value) : percent(value * 100)
}

/** `latency_p99` → `p99`, `error_rate` → `errors` */
export function metricName(metric: string): string {
  if (metric === 'error_rate') return 'errors'
  const [, digits] = /^latency_p(\d+)$/.exec(metric) ?? []
  if (digits === undefined) return metric
  return digits.length > 2 ? `p${digits.slice(0, 2)}.${digits.slice(2)}` : `p${digits}`
}

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'calm'

interface PhaseWords { readonly tone: Tone; readonly label: string; readonly over: boolean }

export const PHASES: Readonly<Record<ReleasePhase, PhaseWords>> = {
  waiting: { tone: 'calm', label: PHASE_LABELS.waiting, over: false },
  preparing: { tone: 'busy', label: PHASE_LABELS.preparing, over: false },
  ramping: { tone: 'busy', label: PHASE_LABELS.ramping, over: false },
  paused: { tone: 'warn', label: PHASE_LABELS.paused, over: false },
  holding: { tone: 'warn', label: PHASE_LABELS.holding, over: false },
  probing: { tone: 'warn', label: PHASE_LABELS.probing, over: false },
  hold_back: { tone: 'busy', label: PHASE_LABELS.hold_back, over: false },
  keeping: { tone: 'good', label: PHASE_LABELS.keeping, over: true },
  promoted: { tone: 'good', label: PHASE_LABELS.promoted, over: true },
  rolling_back: { tone: 'bad', label: PHASE_LABELS.rolling_back, over: false },
  rolled_back: { tone: 'bad', label: PHASE_LABELS.rolled_back, over: true },
  aborted: { tone: 'calm', label: PHASE_LABELS.aborted, over: true },
  failed: { tone: 'bad', label: PHASE_LABELS.failed, over: true },
}
