/** The same again and again: overwritten in place on a terminal, told again when it changed elsewhere. */
import { stripVTControlCharacters } from 'node:util'
import { EXIT } from './exit-code.ts'
import type { Io } from './io.ts'
import { textWidth } from './table.ts'

const LOOK_MS = 1000

/** Until Ctrl-C, or until `over` says so; then its exit code. */
export async function watch(io: Io, show: () => Promise<string>, over: () => number | undefined = () => undefined): Promise<number> {
  let shown = ''
  while (!io.signal.aborted) {
    const text = await show()
    if (text !== shown) {
      if (io.terminal) io.out(`${erase(shown, io.columns)}${text}`)
      else io.out(text)
    }
    shown = text
    const exit = over()
    if (exit !== undefined) return exit
    await io.sleep(LOOK_MS)
  }
  return EXIT.ok
}

/** Moves to the first line of what was shown, and clears from there. */
function erase(shown: string, columns: number): string {
  const lines = shown.split('\n').slice(0, -1).reduce((sum, line) => sum + Math.max(1, Math.ceil(textWidth(stripVTControlCharacters(line)) / columns)), 0)
  return lines === 0 ? '' : `\x1b[${lines}A\x1b[J`
}
