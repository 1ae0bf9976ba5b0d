/** `--header 'user-agent: …'` and `--cookie name=value`, as they are typed, to what is sent. */
import { EXIT } from './exit-code.ts'
import { CommandFailure } from './failure.ts'

/** Names in lower case; several cookies become one header. */
export function headersOf(headers: readonly string[], cookies: readonly string[] = []): Record<string, string> {
  const entries = headers.map((header): [string, string] => {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*(.*)$/.exec(header) ?? []
    if (name === undefined || value === undefined) throw new CommandFailure(EXIT.usage, `'${header}' is no header; write 'name: value'`)
    return [name.toLowerCase(), value]
  })
  const given = Object.fromEntries(entries)
  const all = [...(given['cookie'] === undefined ? [] : [given['cookie']]), ...cookies]
  return { ...given, ...(all.length > 0 ? { cookie: all.join('; ') } : {}) }
}
