/**
 * Of several servers on one database one leads: it alone decides, acts on containers and proxies, and writes. Who leads holds a
 * lease, which ends by itself. Each time that it changes hands its fence grows, and the database takes nothing from a server
 * that comes with an old one. Time is the database's, so the servers' clocks may differ.
 */
export interface Lease {
  /** Takes it if nobody holds it any more. */
  take(claim: Claim): Promise<Taken>
  /** For another `LEASE_MS`. False: somebody else has it. */
  renew(claim: Claim, fence: number): Promise<boolean>
  /** Gives it back at once. Nothing happens where somebody else has it. */
  release(claim: Claim, fence: number): Promise<void>
}

export interface Claim {
  /** Of this run of a server; no other has it. */
  readonly holder: string
  /** Where the other servers reach it. */
  readonly url: string
}

export type Taken = { readonly is: 'taken'; readonly fence: number } | { readonly is: 'held'; readonly url: string }

export const LEASE_MS = 10_000
