/** Steps as text of HAProxy's command line. Everything that may hold a user's bytes goes as payload, which is taken as it is. */
import { Fault } from '@vamp/model/fault'
import type { Step } from './plan.ts'
import type { Entry } from './program.ts'

export interface Command {
  readonly text: string
  /** Answers that are no failure besides none at all. */
  readonly fine?: RegExp
}

/** HAProxy takes a command with its payload in one buffer of 16 kB. */
const PAYLOAD_BYTES = 10_000

export function stepCommands(step: Step): Command[] {
  switch (step.is) {
    case 'add-server': return [
      { text: `add server ${word(step.backend)}/${word(step.server)} ${word(step.address)} weight ${step.weight}${step.slowStart === undefined ? '' : ` slowstart ${word(step.slowStart)}`}` },
      { text: `enable server ${word(step.backend)}/${word(step.server)}` },
    ]
    case 'server-address': {
      const at = step.address.lastIndexOf(':')
      const host = step.address.slice(0, at).replace(/^\[(.*)\]$/, '$1')
      return [{ text: `set server ${word(step.backend)}/${word(step.server)} addr ${word(host)} port ${word(step.address.slice(at + 1))}` }]
    }
    case 'server-weight': return [{ text: `set server ${word(step.backend)}/${word(step.server)} weight ${step.weight}` }]
    case 'server-state': return [{ text: `set server ${word(step.backend)}/${word(step.server)} state ${step.state}` }]
    case 'delete-server': return [{ text: `del server ${word(step.backend)}/${word(step.server)}` }]
    case 'add-entries': return payloads(step.entries).map(payload => ({ text: `add map ${word(step.map)} <<\n${payload}` }))
    case 'set-entry': return [{ text: `set map ${word(step.map)} ${word(step.key)} ${word(step.value)}` }]
    // Two routes with one condition share a key, and the first command takes both.
    case 'delete-entries': return step.keys.map(key => ({ text: `del map ${word(step.map)} ${key.replace(/[\\ ;#'"]/g, char => `\\${char}`)}`, fine: /not found/ }))
    default: return step satisfies never
  }
}

function payloads(entries: readonly Entry[]): string[] {
  const blocks: string[] = []
  let block = ''
  for (const [key, value] of entries) {
    if (/[\n\r\t ]/.test(key) || /[\n\r]/.test(value) || key === '') throw unfit(key)
    const line = `${key} ${value}\n`
    if (block !== '' && block.length + line.length > PAYLOAD_BYTES) {
      blocks.push(block)
      block = ''
    }
    block += line
  }
  return [...blocks, block]
}

/** A word of a command: nothing in it can end it. */
function word(text: string): string {
  if (!/^[A-Za-z0-9_.:/[\]@%+~-]+$/.test(text)) throw unfit(text)
  return text
}

const unfit = (text: string) => new Fault('proxy_refused', 'the text cannot be part of a command', { reason: JSON.stringify(text.slice(0, 80)) })
