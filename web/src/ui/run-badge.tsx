import type { RunState, Trigger } from '@vamp/model/workflow-run'
import type { Tone } from '../words.ts'
import { Badge } from './badge.tsx'

const TONES: Readonly<Record<RunState, Tone>> = { waiting: 'calm', running: 'busy', succeeded: 'good', failed: 'bad', stopped: 'calm', skipped: 'calm' }

export function RunBadge({ state }: { readonly state: RunState }) {
  return <Badge tone={TONES[state]}>{state}</Badge>
}

/** What began a run, in a few words. */
export function triggerText(trigger: Trigger): string {
  switch (trigger.by) {
    case 'daemon': return 'daemon'
    case 'event': return `event ${trigger.event.tags.filter(tag => !trigger.event.tags.some(other => other.startsWith(`${tag}:`))).slice(0, 3).join(' ')}`
    case 'time': return `time ${new Date(trigger.due).toLocaleString()}`
    case 'person': return trigger.who
  }
}

export function tookText({ started, finished }: { readonly started?: string; readonly finished?: string }): string {
  if (started === undefined || finished === undefined) return ''
  const ms = Date.parse(finished) - Date.parse(started)
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}
