/** Every write of the API goes through here: planned, then told, examined or stored, and archived with who did it. */
import type { Plan } from '@vamp/model/api/change'
import { Fault } from '@vamp/model/fault'
import type { Stored } from '../store/store.ts'
import { type Draft, openDraft } from './draft.ts'
import { WRITE_ATTEMPTS_MAX } from './limits.ts'
import { noteLostRoutes } from './lost-routes.ts'
import { demandCarriable } from './proxy-gap.ts'
import type { Call } from './route.ts'
import { demandRunnable } from './runtime-gap.ts'
import type { World } from './world.ts'

export type Written =
  | { readonly is: 'planned'; readonly plan: Plan }
  /** Nothing was stored: `validate_only`. */
  | { readonly is: 'valid' }
  | { readonly is: 'stored'; readonly stored: readonly (Stored | undefined)[]; readonly notes: readonly string[] }

interface WriteQuery { readonly plan?: boolean; readonly validate_only?: boolean }

/**
 * Prepares the draft and carries it out. Without a demand of the client it starts again where somebody else wrote in between;
 * `prepare` may therefore run several times.
 */
export async function write<T>(world: World, call: Pick<Call, 'who' | 'expected'> & { readonly query: object }, prepare: (draft: Draft) => Promise<T>): Promise<{ readonly result: T; readonly written: Written }> {
  for (let attempt = 1; ; attempt++) {
    const draft = openDraft(world.store)
    try {
      const result = await prepare(draft)
      return { result, written: await carryOut(world, call.who.name, call.query, draft) }
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'revision_mismatch' || call.expected !== 'any') throw error
      if (attempt >= WRITE_ATTEMPTS_MAX) throw new Fault('conflict', 'Others write the same thing all the time; try again.', {}, { cause: error })
    }
  }
}

async function carryOut(world: World, by: string, { plan, validate_only: validateOnly }: WriteQuery, draft: Draft): Promise<Written> {
  await demandCarriable(world, draft)
  await demandRunnable(world, draft)
  await noteLostRoutes(draft)
  if (plan) return { is: 'planned', plan: draft.plan }
  if (validateOnly) return { is: 'valid' }
  return { is: 'stored', stored: await world.store.transaction(draft.writes, draft.archive(by)), notes: draft.notes }
}

/** What a client should be told besides: that what it wrote does nothing, say. */
export function notesOf(written: Written): { readonly notes?: readonly string[] } {
  return written.is === 'stored' && written.notes.length > 0 ? { notes: written.notes } : {}
}

/** The revision that the (only) record of a write has now. */
export function revisionOf(written: Written, name: string): { readonly revision?: number } {
  const found = written.is === 'stored' ? written.stored.find(stored => stored?.name === name) : undefined
  return found ? { revision: found.revision } : {}
}
