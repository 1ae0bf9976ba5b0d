/** Releases of several clusters that belong together: all of them to all the traffic, or all of them back. */
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { ObservedRelease } from './observe.ts'

const THERE: ReadonlySet<string> = new Set(['hold_back', 'keeping', 'promoted'])

/** The names of the others, whether they are stored or not. */
export function companions({ release }: Pick<ObservedRelease, 'release'>): readonly string[] {
  return release.value.train.filter(name => name !== release.name)
}

export function notStored(observed: ObservedRelease): readonly string[] {
  return companions(observed).filter(name => !observed.stored.has(name))
}

/** One that went back: the whole train does. */
export function fallen(observed: ObservedRelease): ReleaseStatus | undefined {
  return companions(observed).flatMap(name => observed.others.get(name) ?? []).find(({ verdict }) => verdict !== undefined && verdict !== 'promoted')
}

/** Those that cannot be promoted yet. */
export function notReady(observed: ObservedRelease): readonly string[] {
  return companions(observed).filter(name => {
    const other = observed.others.get(name)
    return !other || !(other.ready || THERE.has(other.phase))
  })
}

/** The risk of a false alarm is the train's, so each of its releases has a part of it. */
export function members({ train, name }: { readonly train: readonly string[]; readonly name: string }): number {
  return new Set([name, ...train]).size
}
