/** A HAProxy that says what its ring gets, and counts the ticks that it is asked for. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { silent } from '../../base/log.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { openLogReader } from './log-reader.ts'
import { adminSocket } from './master-socket.ts'
import { tickSocket } from './process.ts'

async function reading() {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-log-reader-'))
  const clock = virtualClock()
  const followers = new Set<Socket>()
  let ticks = 0
  const admin = createServer(socket => { followers.add(socket); socket.on('error', () => {}).write('Pid: 7\n\n') })
  const tick = createServer(socket => { ticks++; socket.on('error', () => {}).end(); say('tick\n') })
  const say = (line: string) => { for (const socket of followers) socket.write(line) }
  for (const [server, path] of [[admin, adminSocket(directory)], [tick, tickSocket(directory)]] as const) await once(server.listen(path), 'listening')
  const reader = await openLogReader({ directory, clock, log: silent, names: () => ({ gateways: [], backends: [] }), onSamples() {}, onCopy() {} })
  onTestFinished(async () => {
    await reader.close()
    for (const server of [admin, tick]) server.close()
    rmSync(directory, { recursive: true })
  })
  reader.open()
  /** Time for what is said on sockets to be heard. */
  const pass = async (looks: number) => { for (let look = 0; look < looks; look++) { await clock.advance(100); await sleep(5) } }
  await pass(3)
  return { say, pass, ticks: () => ticks }
}

test('where nothing is asked for there is a tick a second: a tick itself needs none', async () => {
  const { pass, ticks } = await reading()
  const before = ticks()

  await pass(100)

  expect(ticks() - before).toBeLessThanOrEqual(11)
  expect(ticks() - before).toBeGreaterThan(5)
})

test('a line is followed by a tick at the next look', async () => {
  const { say, pass, ticks } = await reading()
  await pass(20)
  const before = ticks()

  for (let line = 0; line < 5; line++) {
    say('a line of a request\n')
    await sleep(20)
    await pass(1)
  }
  await sleep(20)

  expect(ticks() - before).toBeGreaterThanOrEqual(4)
})
