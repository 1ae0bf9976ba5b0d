/** What a write comes to, given what is there: the compare-and-set rules, the same for every driver. */
import { Fault } from '@vamp/model/fault'
import type { Expected, Write } from './store.ts'

export interface Current { readonly revision: number; readonly text: string }

export type Decision =
  | { readonly is: 'nothing' }
  | { readonly is: 'put'; readonly text: string }
  | { readonly is: 'delete' }

/** `text` is the new value of a put. Throws `Fault('revision_mismatch')`. */
export function decide(write: Write, text: string | undefined, current: Current | undefined): Decision {
  demand(write, current)
  if (write.do === 'delete') return current ? { is: 'delete' } : { is: 'nothing' }
  return text === undefined || text === current?.text ? { is: 'nothing' } : { is: 'put', text }
}

function demand({ kind, name, expected }: { kind: string; name: string; expected: Expected }, current: Current | undefined): void {
  if (expected === 'any') return
  if (expected === 'absent' ? !current : expected === current?.revision) return
  const facts = { kind, name, expected, actual: current?.revision ?? 'absent' }
  if (expected === 'absent') throw new Fault('revision_mismatch', `${kind} '${name}' is there already`, facts)
  throw new Fault('revision_mismatch', current ? `${kind} '${name}' was changed in the meantime` : `${kind} '${name}' is not there any more`, facts)
}
