/** Results in the form that was asked for. */
import { printYamlValue } from '@vamp/model/print/yaml'
import type { Sheet } from './columns.ts'
import { EXIT } from './exit-code.ts'
import { CommandFailure } from './failure.ts'
import type { Io } from './io.ts'
import { type Listed, type Row, word } from './kinds.ts'
import { table } from './table.ts'

export type Form = 'table' | 'wide' | 'json' | 'yaml' | 'name'

export function formOf(given: string | undefined): Form {
  const forms = ['table', 'wide', 'json', 'yaml', 'name'] as const
  const form = given === undefined ? 'table' : forms.find(known => known === given)
  if (!form) throw new CommandFailure(EXIT.usage, `-o ${given} is none of ${forms.join(', ')}`)
  return form
}

/** What cannot be a table is YAML, which people read as well. */
export function asData(value: unknown, form: Form): string {
  return form === 'json' ? `${JSON.stringify(value, null, 2)}\n` : printYamlValue(value)
}

export function asRows(rows: readonly Row[], kind: Listed, form: Form, sheet: Sheet, io: Pick<Io, 'columns' | 'colours' | 'terminal'>): string {
  if (form === 'json' || form === 'yaml') return asData(rows, form)
  if (form === 'name') return rows.map(({ name }) => `${word(kind)}/${name}\n`).join('')
  const { columns, cells, wide } = sheet
  const more = form === 'wide' ? wide : undefined
  // Piped, a table is as wide as it is: whatever reads it can cut for itself.
  return table([...columns, ...more?.columns ?? []], rows.map(row => [...cells(row), ...more?.cells(row) ?? []]), { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: io.colours.bold })
}
