/** A named port of a breed, or the port of a gateway. */
export interface Port {
  /** `web`; for a gateway's own port the text of the number. */
  readonly name: string
  /** 0 = unassigned: Vamp chooses one. */
  readonly number: number
  readonly type: 'http' | 'tcp'
  /** The value as written where it is not a port number: a reference such as `$backend.ports.api`. */
  readonly expression?: string
}
