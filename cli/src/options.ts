/** What every command that asks a server can be told: one row per option, from which help, flags and environment follow. */

export interface Options {
  readonly host: string
  readonly token?: string
}

export interface OptionRow {
  readonly key: keyof Options
  readonly flag: string
  readonly env: string
  readonly fallback?: string
  readonly help: string
}

export const CLIENT_OPTIONS: readonly OptionRow[] = [
  { key: 'host', flag: '--host <url>', env: 'VAMP_HOST', fallback: 'http://127.0.0.1:8080', help: 'the server' },
  { key: 'token', flag: '--token <token>', env: 'VAMP_TOKEN', help: 'API token, where the server asks for one' },
]

export type Environment = Readonly<Record<string, string | undefined>>

/** The only place that looks at the process's environment. */
export const environment: Environment = process.env

/** Flags win over the environment, the environment over the context that is used, that over what is usual. */
export function readOptions(flags: Readonly<Record<string, unknown>>, from: Environment, context: Partial<Options> = {}): Options {
  const values = Object.fromEntries(CLIENT_OPTIONS.flatMap(({ key, env, fallback }) => {
    const value = flags[key] ?? (from[env] || undefined) ?? context[key] ?? fallback
    return typeof value === 'string' && value !== '' ? [[key, value]] : []
  })) as { host?: string; token?: string }
  return { ...values, host: address(values.host ?? '') }
}

/** `localhost:8080` is enough. */
export function address(host: string): string {
  return (/^https?:\/\//.test(host) ? host : `http://${host}`).replace(/\/+$/, '')
}
