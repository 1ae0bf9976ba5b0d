/** The same again and again: overwritten in place on a terminal, told again when it changed elsewhere. */
import { stripVTControlCharacters } from 'node:util'
import { EXIT } from './exit-code.ts'
import type { Io } from './io.ts'
import { cut, textWidth } from './table.ts'

const LOOK_MS = 1000

/** Until Ctrl-C, or until `over` says so; then its exit code. The last one is shown whole, as nothing is drawn over it any more. */
export async function watch(io: Io, show: () => Promise<string>, over: () => number | undefined = () => undefined): Promise<number> {
  let shown = ''
  while (!io.signal.aborted) {
    const whole = await show()
    const exit = over()
    const text = io.terminal && exit === undefined ? headOf(whole, io) : whole
    if (text !== shown) {
      if (io.terminal) io.out(`${erase(shown, io.columns)}${text}`)
      else io.out(text)
    }
    shown = text
    if (exit !== undefined) return exit
    await io.sleep(LOOK_MS)
  }
  return EXIT.ok
}

/** Row by row: a whole screen that is cleared at once, tmux puts into its history. */
function erase(shown: string, columns: number): string {
  return '\x1b[1A\x1b[2K'.repeat(linesOf(shown).reduce((sum, line) => sum + heightOf(line, columns), 0))
}

/** The head of it, as far as there is room: what has scrolled away cannot be drawn over. The cursor stands on a row of its own below. */
function headOf(text: string, { columns, rows }: Pick<Io, 'columns' | 'rows'>): string {
  const lines = linesOf(text)
  const heights = lines.map(line => heightOf(line, columns))
  const room = Math.max(1, rows - 1)
  if (heights.reduce((sum, height) => sum + height, 0) <= room) return text
  let kept = 0
  for (let used = 1; used + (heights[kept] ?? 0) <= room; kept++) used += heights[kept] ?? 0
  if (kept === 0) return `${cut(stripVTControlCharacters(text.trimEnd()).replaceAll('\n', ' '), room * columns)}\n`
  return `${lines.slice(0, kept).map(line => `${line}\n`).join('')}… ${lines.length - kept} more ${lines.length - kept === 1 ? 'line' : 'lines'}\n`
}

const linesOf = (text: string): readonly string[] => text.split('\n').slice(0, -1)
const heightOf = (line: string, columns: number): number => Math.max(1, Math.ceil(textWidth(stripVTControlCharacters(line)) / columns))
