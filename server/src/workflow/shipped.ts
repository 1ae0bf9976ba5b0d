/** The workflows that come with the server: each is a script in `workflows/` whose first comment says what it is for and can be told. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Static } from '@sinclair/typebox'
import type { ShippedWorkflow as Schema } from '@vamp/model/api/workflows'

export type ShippedWorkflow = Static<typeof Schema>

const DIRECTORY = new URL('../../../workflows/', import.meta.url)
let read: readonly ShippedWorkflow[] | undefined

export async function shippedWorkflows(): Promise<readonly ShippedWorkflow[]> {
  read ??= readdirSync(DIRECTORY).filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts')).sort().map(file => parseShipped(file.slice(0, -'.ts'.length), readFileSync(new URL(file, DIRECTORY), 'utf8')))
  return read
}

/**
 * ```
 * /**
 *  * What it does, in a sentence or more.
 *  *
 *  * schedule: daemon            or JSON: {"event": ["image:pushed"]}
 *  * NAME=value                  what it means; without a value it must be given, but for NAME?=
 * ```
 */
export function parseShipped(name: string, script: string): ShippedWorkflow {
  const lines = (/^\/\*\*\n([\s\S]*?)\n \*\//.exec(script)?.[1] ?? '').split('\n').map(line => line.replace(/^ \* ?/, ''))
  const schedule = lines.find(line => line.startsWith('schedule: '))?.slice('schedule: '.length).trim() ?? 'daemon'
  const settings = lines.flatMap(line => {
    const [, key, optional, value = '', help = ''] = /^([A-Z][A-Z0-9_]*)(\?)?=(\S*)\s*(.*)$/.exec(line) ?? []
    return key === undefined ? [] : [{ name: key, value: value === '' && !optional ? null : value, help }]
  })
  const summary = lines.slice(0, Math.max(1, lines.findIndex(line => line.trim() === ''))).join(' ').trim()
  return { name, summary, schedule: schedule.startsWith('{') ? JSON.parse(schedule) as unknown : schedule, settings, script }
}
