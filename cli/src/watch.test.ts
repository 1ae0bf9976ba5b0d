import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import { EXIT } from './exit-code.ts'
import type { Io } from './io.ts'
import { watch } from './watch.ts'

const [COLUMNS, ROWS] = [20, 6]
const ERASED_5 = '\x1b[1A\x1b[2K'.repeat(5)
const lines = (count: number, more = '') => Array.from({ length: count }, (_, index) => `line ${index + 1}${more}\n`).join('')

/** What was written while these were to be shown, one after the other; the last one is the end of it if `ends`. */
async function drawn(texts: readonly string[], { ends = false, terminal = true } = {}): Promise<readonly string[]> {
  const said: string[] = []
  const ending = new AbortController()
  let next = 0
  const io: Io = {
    out: text => { said.push(text) }, err: () => {}, stdin: async () => '', columns: COLUMNS, rows: ROWS, terminal, colours: createColors(false), signal: ending.signal, now: () => 0,
    sleep: async () => { if (next === texts.length) ending.abort() },
  }
  await watch(io, async () => texts[next++] ?? '', () => ends && next === texts.length ? EXIT.ok : undefined)
  return said
}

test('what is higher than the terminal is cut to it, so that the next look is drawn over the whole of it', async () => {
  expect(await drawn([lines(9), lines(9, '!')])).toEqual([`${lines(4)}… 5 more lines\n`, `${ERASED_5}${lines(4, '!')}… 5 more lines\n`])
})

test('what just fits is not cut', async () => {
  expect(await drawn([lines(5), lines(1)])).toEqual([lines(5), `${ERASED_5}${lines(1)}`])
})

test('a line that is wider than the terminal takes several rows; colours take none', async () => {
  const wide = `${'x'.repeat(COLUMNS + 1)}\n`
  expect(await drawn([`${wide}${wide}${wide}`, 'a\n'])).toEqual([`${wide}${wide}… 1 more line\n`, `${ERASED_5}a\n`])
  const coloured = `\x1b[31m${'x'.repeat(COLUMNS)}\x1b[39m\n`
  expect(await drawn([coloured.repeat(5)])).toEqual([coloured.repeat(5)])
})

test('of a line that is higher than the terminal there is its head', async () => {
  expect(await drawn([`${'x'.repeat(COLUMNS * ROWS)}\n`])).toEqual([`${'x'.repeat(COLUMNS * (ROWS - 1) - 1)}…\n`])
})

test('the end is shown whole, as is everything where nobody looks', async () => {
  expect(await drawn([lines(9), lines(9)], { ends: true })).toEqual([`${lines(4)}… 5 more lines\n`, `${ERASED_5}${lines(9)}`])
  expect(await drawn([lines(9)], { terminal: false })).toEqual([lines(9)])
})
