/** Faults are what goes wrong in operation: one class, a closed table of codes. Problems of a user's document are values, see `problem.ts`. */
export const FAULTS = {
  invalid: { status: 400, terminal: true, title: 'The request cannot be understood' },
  unauthorized: { status: 401, terminal: true, title: 'Who are you?' },
  forbidden: { status: 403, terminal: true, title: 'Not with this role' },
  not_found: { status: 404, terminal: true, title: 'There is no such thing' },
  conflict: { status: 409, terminal: true, title: 'Something else stands in the way' },
  revision_mismatch: { status: 412, terminal: true, title: 'Somebody changed it in the meantime' },
  too_large: { status: 413, terminal: true, title: 'More than the limit' },
  unsupported_media: { status: 415, terminal: true, title: 'Bodies of this kind are not read' },
  not_leader: { status: 503, terminal: true, title: 'Another server leads' },
  port_taken: { status: 409, terminal: true, title: 'The port is in use' },
  unsupported: { status: 400, terminal: true, title: 'This driver cannot do it' },
  store_unavailable: { status: 503, terminal: false, title: 'The database does not answer' },
  disk_full: { status: 507, terminal: false, title: 'No space left' },
  proxy_unreachable: { status: 503, terminal: false, title: 'The proxy does not answer' },
  proxy_refused: { status: 500, terminal: true, title: 'The proxy refused its configuration' },
  agent_unreachable: { status: 503, terminal: false, title: 'An agent does not answer' },
  key_value_unreachable: { status: 503, terminal: false, title: 'The key-value store does not answer' },
  container_unavailable: { status: 503, terminal: false, title: 'The container runtime does not answer' },
  container_failed: { status: 500, terminal: false, title: 'The container does not run' },
  image_not_found: { status: 400, terminal: true, title: 'There is no such image' },
  sink_unreachable: { status: 502, terminal: false, title: 'A receiver of events does not take them' },
  endpoint_unreachable: { status: 502, terminal: false, title: 'What is behind this address cannot be reached' },
  timeout: { status: 504, terminal: false, title: 'It took too long' },
  internal: { status: 500, terminal: false, title: 'Internal server error.' },
} as const satisfies Record<string, { status: number; terminal: boolean; title: string }>

export type FaultCode = keyof typeof FAULTS

export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  /** What was known when it happened; goes to the log and, as far as harmless, to the client. */
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: FaultCode, message: string, facts: Readonly<Record<string, unknown>> = {}, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.facts = facts
  }

  get status(): number { return FAULTS[this.code].status }
  /** Trying again without a change does not help. */
  get terminal(): boolean { return FAULTS[this.code].terminal }
}
