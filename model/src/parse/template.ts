import type { Template } from '../template.ts'
import type { Fields } from './cursor.ts'
import { readHeader, recordOf } from './header.ts'

export function readTemplate(fields: Fields): Template {
  const header = readHeader(fields, 'templates')
  const definition = fields.required('definition', 'def')
  return { ...header, definition: definition ? recordOf(definition) : {} }
}
