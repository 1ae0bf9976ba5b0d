import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type VirtualClock, virtualClock } from '@vamp/agent/base/virtual-clock'
import { silent } from '@vamp/agent/base/log'
import { expect, onTestFinished, test } from 'vitest'
import type { LogLine } from '../container-driver.ts'
import { type LogFiles, openLogFiles } from './log-files.ts'
import { PIECE_BYTES } from './log-stream.ts'

interface Place { readonly logs: LogFiles; readonly clock: VirtualClock; readonly directory: string; readonly stdout: string; readonly stderr: string; readonly warnings: string[] }

function place(maxBytes?: number): Place {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-logs-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const clock = virtualClock()
  const warnings: string[] = []
  const logs = openLogFiles({ directory, clock, log: { ...silent, warn: message => warnings.push(message) }, ...(maxBytes === undefined ? {} : { maxBytes }) })
  const [stdout = '', stderr = ''] = logs.files('one')
  return { logs, clock, directory, stdout, stderr, warnings }
}

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `line ${String(from + index).padStart(4, '0')}`)
const print = (file: string, lines: readonly string[]) => appendFileSync(file, lines.map(line => `${line}\n`).join(''))
const texts = (lines: readonly LogLine[]) => lines.map(({ line }) => line)
const all = async ({ logs }: Place, options: Parameters<LogFiles['read']>[1] = {}) => texts(await Array.fromAsync(logs.read('one', options)))

test('of a file that has grown far too long only the last whole lines are kept', async () => {
  const at = place(1000)
  print(at.stdout, numbered(0, 1000))

  at.logs.tend(['one'])

  expect([statSync(at.stdout).size, statSync(`${at.stdout}.1`).size]).toEqual([0, 1240])
  print(at.stdout, ['after'])
  expect(await all(at)).toEqual([...numbered(876, 1000), 'after'])
})

test('a file that is a little too long loses nothing when it is cut', async () => {
  const at = place(1000)
  print(at.stdout, numbered(0, 110))

  at.logs.tend(['one'])

  expect(statSync(at.stdout).size).toBe(0)
  expect(await all(at)).toEqual(numbered(0, 110))
})

test('a log that cannot be kept is cut all the same, the others too, and it is told once', async () => {
  const at = place(1000)
  const others = at.logs.files('two')
  mkdirSync(join(`${at.stdout}.1`, 'in the way'), { recursive: true })
  for (let time = 0; time < 3; time++) {
    print(at.stdout, numbered(0, 200))
    print(others[0] ?? '', numbered(0, 200))
    at.logs.tend(['one', 'two'])
    expect([statSync(at.stdout).size, statSync(others[0] ?? '').size]).toEqual([0, 0])
  }

  expect(at.warnings).toEqual(['a log of a process cannot be kept'])
  print(at.stdout, ['after'])
  expect(await all(at)).toEqual(['after'])
})

test('a directory that is gone is told of once, and is there again for the next process', async () => {
  const at = place()
  rmSync(at.directory, { recursive: true })

  for (let time = 0; time < 10; time++) {
    at.logs.prune(new Set(['one']))
    at.logs.tend(['one'])
    await at.clock.advance(30_000)
  }

  expect(at.warnings).toEqual(['logs of processes that have ended cannot be removed'])
  expect(await all(at)).toEqual([])
  at.logs.makeRoom()
  print(at.stdout, ['back'])
  expect(await all(at)).toEqual(['back'])
})

/** How often all files are looked at on a disk with so much left, each time a tenth of a second later. */
async function looksAt(free: readonly number[], stepMs = 100, printed: (file: string, step: number) => void = () => {}): Promise<number> {
  const { directory, clock } = place()
  let [step, looks] = [0, 0]
  const logs = openLogFiles({ directory, clock, log: silent, maxBytes: 1000, freeBytes: () => free[step] ?? 0 })
  const ids = { *[Symbol.iterator]() { looks++; yield 'one' } }
  for (; step < free.length; step++) {
    printed(logs.files('one')[0] ?? '', step)
    logs.tendWhereScarce(ids)
    await clock.advance(stepMs)
  }
  return looks
}

test.each([
  ['has space and keeps it', [1e9, 1e9], 0],
  ['would be full in a hundred seconds', [1.01e9, 1e9], 0],
  ['would be full in ten seconds', [1.1e9, 1e9], 1],
  ['has next to nothing left', [1e6], 1],
  ['has just been looked at for the first time', [1e9], 0],
])('a disk is scarce or not: one that %s', async (_, free, looks) => {
  expect(await looksAt(free, 1000)).toBe(looks)
})

test('on a disk that stays full files that are not too long are looked at more and more seldom, and at once where it fills further', async () => {
  const full = Array.from({ length: 600 }, () => 0)
  expect(await looksAt(full)).toBeLessThan(20)
  expect(await looksAt(full, 100, (file, step) => { if (step % 100 === 99) print(file, numbered(0, 200)) })).toBeLessThan(60)
  const filling = Array.from({ length: 100 }, (_, step) => 15e6 - (step < 90 ? 0 : (step - 89) * 1_100_000))
  expect(await looksAt(filling) - await looksAt(filling.map(() => 15e6))).toBeGreaterThanOrEqual(9)
  expect(await looksAt(Array.from({ length: 50 }, () => 0), 100, file => print(file, numbered(0, 200)))).toBe(50)
})

test('a hundred megabytes are read piece by piece, with everything else going on in between', async () => {
  const megabytes = 100
  const at = place(2 * megabytes * 1024 * 1024)
  const megabyte = `${'x'.repeat(1023)}\n`.repeat(1024)
  for (let written = 0; written < megabytes; written++) appendFileSync(at.stdout, megabyte)
  const before = process.memoryUsage().arrayBuffers
  let [turns, lines, most] = [0, 0, 0]
  let over = false
  const turn = () => { turns++; most = Math.max(most, process.memoryUsage().arrayBuffers - before); if (!over) setImmediate(turn) }
  setImmediate(turn)

  for await (const _ of at.logs.read('one', {})) lines++
  over = true

  expect(lines).toBe(megabytes * 1024)
  expect(turns).toBeGreaterThanOrEqual(megabytes * 1024 * 1024 / PIECE_BYTES)
  expect(most).toBeLessThan(8 * 1024 * 1024)
})

test('a line without an end takes no more memory than its beginning', async () => {
  const at = place()
  appendFileSync(at.stdout, 'y'.repeat(3_000_000))
  print(at.stdout, ['', 'next'])

  const [long, next] = await all(at)

  expect([long?.length, next]).toEqual([16 * 1024, 'next'])
})

test('the last lines are those of both streams and of what was cut', async () => {
  const at = place(1000)
  print(at.stdout, numbered(0, 120))
  at.logs.tend(['one'])
  print(at.stdout, numbered(120, 125))

  expect(await all(at, { tail: 8 })).toEqual(numbered(117, 125))
  expect(await all(at, { tail: 500 })).toEqual(numbered(0, 125))
  expect(await all(at, { tail: 0 })).toEqual([])
})

test('the last lines are found behind many pieces', async () => {
  const at = place()
  print(at.stdout, numbered(0, 9000).map(line => line.padEnd(200, '.')))

  expect((await all(at, { tail: 1000 })).map(line => line.slice(0, 9))).toEqual(numbered(8000, 9000))
})

test('lines of two streams come in order of their times, which are those of growth', async () => {
  const at = place()
  const grow = (file: string, line: string, second: number) => { print(file, [line]); utimesSync(file, second, second); at.logs.tend(['one']) }
  grow(at.stdout, 'a', 100)
  grow(at.stderr, 'b', 101)
  grow(at.stdout, 'c', 102)
  grow(at.stderr, 'd', 103)

  const lines = await Array.fromAsync(at.logs.read('one', {}))
  expect(lines.map(({ time, line }) => [time, line])).toEqual([[100_000, 'a'], [101_000, 'b'], [102_000, 'c'], [103_000, 'd']])
  expect(await all(at, { since: 102_000 })).toEqual(['c', 'd'])
})

test('whoever follows gets every line once, also half ones and those that are cut meanwhile', async () => {
  const at = place(1000)
  let ended = false
  const seen: string[] = []
  print(at.stdout, numbered(0, 3))
  const following = (async () => { for await (const { line } of at.logs.read('one', { tail: 2, followUntil: () => ended })) seen.push(line) })()
  const until = async (condition: () => boolean) => { for (let tried = 0; tried < 1000 && !condition(); tried++) await at.clock.advance(200) }
  await until(() => seen.length === 2)
  appendFileSync(at.stdout, 'line ')
  await until(() => false)
  print(at.stdout, ['0003', ...numbered(4, 110)])
  at.logs.tend(['one'])
  print(at.stdout, numbered(110, 115))
  await until(() => seen.length >= 114)
  ended = true
  let over = false
  void following.then(() => { over = true })
  await until(() => over)

  expect(seen).toEqual(numbered(1, 115))
})

test('whoever is slower than what is cut misses what is gone, and nothing else', async () => {
  const at = place(1000)
  print(at.stdout, numbered(0, 50))
  const reading = at.logs.read('one', { followUntil: () => true })
  expect((await reading.next()).value?.line).toBe('line 0000')
  print(at.stdout, numbered(50, 400))
  at.logs.tend(['one'])
  print(at.stdout, ['after'])

  const rest = texts(await Array.fromAsync(reading))

  expect(rest).toEqual([...numbered(1, 50), ...numbered(276, 400), 'after'])
})

test('a file that somebody else empties is read on from its beginning', async () => {
  const at = place()
  print(at.stdout, numbered(0, 9))
  expect(await all(at)).toHaveLength(9)
  truncateSync(at.stdout)
  print(at.stdout, ['new'])

  expect(await all(at)).toEqual(['new'])
})

test('the next server reads what was cut by the one before', async () => {
  const at = place(1000)
  print(at.stdout, numbered(0, 110))
  at.logs.tend(['one'])
  print(at.stdout, ['after'])

  const next = openLogFiles({ directory: at.directory, clock: at.clock, log: silent })

  expect(texts(await Array.fromAsync(next.read('one', {})))).toEqual([...numbered(0, 110), 'after'])
  expect(texts(await Array.fromAsync(next.read('one', { tail: 2 })))).toEqual(['line 0109', 'after'])
})

test('of ended instances the logs of the last hundred are kept', () => {
  const at = place()
  for (let index = 0; index < 103; index++) {
    const [file = ''] = at.logs.files(`ended-${index}`)
    writeFileSync(file, 'x\n')
    utimesSync(file, 1000 + index, 1000 + index)
  }
  print(at.stdout, ['alive'])
  utimesSync(at.stdout, 1, 1)

  at.logs.prune(new Set(['one']))

  expect([0, 1, 2, 3].map(index => existsSync(at.logs.files(`ended-${index}`)[0] ?? ''))).toEqual([false, false, false, true])
  expect(readFileSync(at.stdout, 'utf8')).toBe('alive\n')
})
