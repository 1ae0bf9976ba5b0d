/** Who asks, and what each role may do. */
import type { Role } from '@vamp/model/token'

export interface Identity {
  /** Of the token; `local` where none is needed. */
  readonly name: string
  readonly role: Role
}

const RANK: Readonly<Record<Role | 'anyone', number>> = { anyone: 0, viewer: 1, operator: 2, admin: 3 }

/** A role may do what the lesser ones may. */
export function may(identity: Identity, needed: Role | 'anyone'): boolean {
  return RANK[identity.role] >= RANK[needed]
}

/** On a server that asks nobody for a token. */
export const LOCAL: Identity = { name: 'local', role: 'admin' }
