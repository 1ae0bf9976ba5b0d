import type { Port } from '../port.ts'
import type { Cursor } from './cursor.ts'
import { nearest } from './near.ts'

export const PORT_MAX = 65_535

/** `8080`, `8080/http`, `8080/tcp`; nothing if the text is no port number. */
export function parsePortNumber(text: string): Pick<Port, 'number' | 'type'> | undefined {
  const [, digits, type = 'http'] = /^\s*(\d{1,10})(?:\/(http|tcp))?\s*$/i.exec(text) ?? []
  return digits === undefined ? undefined : { number: Number(digits), type: type.toLowerCase() === 'tcp' ? 'tcp' : 'http' }
}

/** The port of a breed: a number with an optional type, or an expression such as `$backend.ports.api`. */
export function readPort(cursor: Cursor, name: string): Port {
  const text = cursor.text()
  const port = parsePortNumber(text)
  if (port) {
    if (port.number > PORT_MAX) cursor.unexpectedType(`a port number is at most ${PORT_MAX}`)
    return { name, ...port }
  }
  const [, expression = text, type] = /^(.*)\/(http|tcp)$/is.exec(text) ?? []
  const hint = portTypeHint(text)
  if (cursor.isScalar && (hint !== undefined || !expression.includes('$'))) cursor.unexpectedType(hint ?? 'a port number such as 8080/http is expected here')
  return { name, number: 0, type: type?.toLowerCase() === 'tcp' ? 'tcp' : 'http', expression }
}

/** What to say of `8080/htp`; nothing where no type is given, or one that there is. */
export function portTypeHint(text: string): string | undefined {
  const [, type = ''] = /\/(\w*)\s*$/.exec(text) ?? []
  if (!text.includes('/') || /^(http|tcp)$/i.test(type)) return undefined
  const near = nearest(type, ['http', 'tcp'])
  return `${near === undefined ? '' : `did you mean ${near}? `}The type of a port is http or tcp`
}
