import { expect, test } from 'vitest'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { instanceEnvironment } from '../environment.ts'
import { commandLine, missingScript, splitWords } from './command.ts'

test('words are split at white space; quotes and backslashes keep them together; nothing is expanded', () => {
  expect(splitWords(`  node  "my server.js" 'a "b" $HOME' c\\ d "e\\"f\\g" '' x"y"z `))
    .toEqual(['node', 'my server.js', 'a "b" $HOME', 'c d', 'e"f\\g', '', 'xyz'])
})

test('a quote that is never closed is refused', () => {
  expect(() => splitWords('node "server.js')).toThrow(/never closed/)
})

test('arguments follow as one word each', () => {
  const list = [{ key: 'level', value: 'high' }, { key: 'verbose', value: '' }, { key: 'privileged', value: 'true' }]

  expect(commandLine({ deployable: { type: 'process', definition: 'serve -x' }, arguments: list })).toEqual(['serve', '-x', '--level=high', '--verbose'])
  expect(commandLine({ deployable: { type: 'cmd', definition: 'serve "$@"' }, arguments: list })).toEqual(['/bin/sh', '-c', 'serve "$@"', 'sh', '--level=high', '--verbose'])
})

test('what the driver cannot run, or what names no program, is refused', () => {
  expect(() => commandLine({ deployable: { type: 'container/docker', definition: 'nginx' }, arguments: [] })).toThrow(/does not run/)
  expect(() => commandLine({ deployable: { type: 'process', definition: '  ' }, arguments: [] })).toThrow(/no program/)
})

test('only a script that is looked for where the program runs, and is not there, is missing', () => {
  const here = import.meta.dirname

  expect(missingScript(['--enable-source-maps', 'shop/server.mjs', 'config.js'], here)).toBe(`there is no shop/server.mjs in ${here}, where it runs; dialects: {process: {cwd: …}} names another directory`)
  for (const words of [['command.ts'], ['/srv/shop/server.mjs'], ['-m', 'http.server'], ['--config=nowhere.js'], []]) expect(missingScript(words, here), words.join(' ')).toBeUndefined()
})

test('a process learns who it is and its ports; its own variables do not hide them', () => {
  const workload = {
    ...TEST_WORKLOAD, id: 'one', deployable: { type: 'process', definition: 'x' }, environment: { PORT: '1', COLOUR: 'red' },
    ports: [{ name: 'web-port', number: 0, type: 'http' as const }, { name: 'admin', number: 0, type: 'tcp' as const }],
  }

  expect(instanceEnvironment(workload, { 'web-port': 21000, admin: 21001 })).toEqual({
    COLOUR: 'red', PORT: '21000', PORT_WEB_PORT: '21000', PORT_ADMIN: '21001',
    VAMP_DEPLOYMENT: 'shop', VAMP_CLUSTER: 'web', VAMP_SERVICE: 'web:1.0', VAMP_INSTANCE: 'one',
  })
})
