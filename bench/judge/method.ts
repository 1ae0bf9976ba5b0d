/** A way to decide releases: it orders a share, sees every second of both versions, and says what comes of it. */
import type { ArmSecond } from '@vamp/stats/sequential/arm-second'

export type Verdict = 'rolled_back' | 'promoted' | 'held'

export interface SeenSecond {
  readonly second: number
  readonly baseline: ArmSecond
  readonly canary: ArmSecond
  /** The share in force in this second. */
  readonly share: number
  /** It came into force within this second. */
  readonly changed: boolean
  /** Seconds since the new version's first request, at the beginning of this second. */
  readonly age: number
}

export interface Course {
  /** The share of the next second. */
  readonly share: number
  /** Promotion is decided, but the old version keeps a little and rollback is armed. */
  readonly heldBack?: boolean
  readonly verdict?: Verdict
}

export interface Method {
  readonly name: string
  /** `history`: seconds of the old version alone. */
  begin(history: readonly ArmSecond[], startsAt: number): { readonly first: Course; see(second: SeenSecond): Course }
}
