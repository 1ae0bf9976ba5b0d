/** The page about the command line names verbs and exit codes that there are. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT } from '@vamp/cli/exit-code'
import { buildProgram } from '@vamp/cli/program'
import { expect, test } from 'vitest'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')
const program = buildProgram({ io: { out: () => {}, err: () => {} } as unknown as Parameters<typeof buildProgram>[0]['io'], environment: {}, end: () => {} })

test('every verb of the table is one', () => {
  const verbs = program.commands.flatMap(command => [command.name(), ...command.aliases(), ...command.commands.flatMap(inner => [`${command.name()} ${inner.name()}`, ...(command.name() === 'release' ? [inner.name()] : [])])])
  const table = PAGE.slice(PAGE.indexOf('## Verbs'), PAGE.indexOf('## Several servers'))
  const named = [...table.matchAll(/`([a-z][a-z -]*?)(?: -s)?`/g)].map(([, verb = '']) => verb)

  expect(named.filter(verb => !verbs.includes(verb))).toEqual([])
  expect(named.length).toBeGreaterThan(30)
})

test('every exit code is there', () => {
  for (const code of Object.values(EXIT)) expect(PAGE).toContain(`| ${code} | `)
})
