import type { Port } from '../port.ts'
import type { Cursor } from './cursor.ts'

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
  if (cursor.isScalar && type !== undefined && !expression.includes('$')) cursor.unexpectedType('a port number such as 8080/http is expected here')
  return { name, number: 0, type: type?.toLowerCase() === 'tcp' ? 'tcp' : 'http', expression }
}
