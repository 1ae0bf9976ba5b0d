import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { openStage } from './stage.ts'

function stage(options: { readonly isTTY?: boolean; readonly columns?: number }) {
  let said = ''
  const out = Object.assign(new Writable({ write(chunk, _, done) { said += String(chunk); done() } }), options)
  return { stage: openStage(out), said: () => said }
}

test('on a terminal what is said ends between words; elsewhere it is one line', () => {
  const [terminal, file] = [stage({ isTTY: true, columns: 40 }), stage({})]
  const line = 'Version web:1.2 is being started beside web:1.1; it gets no request yet.'

  terminal.stage.say(line)
  file.stage.say(line)

  expect(terminal.said()).toBe('  Version web:1.2 is being started\n  beside web:1.1; it gets no request\n  yet.\n')
  expect(file.said()).toBe(`  ${line}\n`)
})
