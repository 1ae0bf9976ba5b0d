/** The message is constant, facts are fields. ERROR: a person must act. WARN: it healed, but look. INFO: a decision. DEBUG: how. */
export interface Logger {
  debug(message: string, facts?: Readonly<Record<string, unknown>>): void
  info(message: string, facts?: Readonly<Record<string, unknown>>): void
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void
  error(message: string, facts?: Readonly<Record<string, unknown>>): void
}

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
