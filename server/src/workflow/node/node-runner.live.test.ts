import { readFileSync } from 'node:fs'
import { systemClock } from '@vamp/agent/base/clock'
import { silent } from '@vamp/agent/base/log'
import { expect, test } from 'vitest'
import { describeRunner, ranOn, requestOf } from '../contract.ts'
import { openNodeRunner } from './node-runner.ts'

describeRunner('a whole Node.js', () => openNodeRunner({ clock: systemClock, log: silent }))

/** What nobody has reaped yet runs no more. */
function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('it may do what the server\'s user may, and what it starts ends with it', async () => {
  await using runner = openNodeRunner({ clock: systemClock, log: silent })
  const { end } = await ranOn(runner, requestOf('const child = require("child_process").spawn("sleep", ["1000"], { stdio: "ignore" }); console.log(require("os").EOL.length); module.exports = { pid: child.pid }; setTimeout(() => process.exit(0), 50)'))
  const { pid } = end.result as { pid: number }
  expect(end.state).toBe('succeeded')
  await expect.poll(() => runs(pid), { timeout: 5000 }).toBe(false)
})

test('a memory bomb ends its own process', async () => {
  await using runner = openNodeRunner({ clock: systemClock, log: silent })
  const { end } = await ranOn(runner, requestOf('const a = []; for (;;) a.push(new Array(100000).fill(1.5))'))
  expect(end).toEqual(expect.objectContaining({ state: 'failed', limit: 'memory' }))
})
