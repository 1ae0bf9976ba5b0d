export type Role = 'viewer' | 'operator' | 'admin'

/** An API token as stored; the secret itself is shown once, when it is created. */
export interface Token {
  readonly name: string
  /** Lower-case hex SHA-256 of the secret. */
  readonly hash: string
  readonly role: Role
  readonly namespace?: string
  /** ISO-8601. */
  readonly created: string
}
