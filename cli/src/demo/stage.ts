import { wrap } from '../wrap.ts'

/** Where the demonstration speaks: whole lines for what happened, one line that is overwritten for what is going on. */
export interface Stage {
  /** A chapter of the story. */
  chapter(title: string): void
  say(line: string): void
  /** Overwrites itself on a terminal; elsewhere shown every few seconds. */
  live(line: string): void
}

/** Between two live lines where nothing can be overwritten, ms. */
const LIVE_EVERY_MS = 5000
const INDENT = 2

export function openStage(out: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }): Stage {
  const terminal = out.isTTY === true
  let liveShown = false
  let shownAt = Number.NEGATIVE_INFINITY
  const clear = () => { if (liveShown) out.write('\r\x1b[2K'); liveShown = false }
  const bold = (text: string) => terminal ? `\x1b[1m${text}\x1b[0m` : text
  return {
    chapter(title) { clear(); out.write(`\n${bold(title)}\n`) },
    say(line) { clear(); for (const part of wrap(line, terminal ? (out.columns || 80) - INDENT : Number.POSITIVE_INFINITY)) out.write(`  ${part}\n`) },
    live(line) {
      if (terminal) {
        clear()
        out.write(`  ${line.slice(0, (out.columns || 80) - 3)}`)
        liveShown = true
      } else if (performance.now() - shownAt >= LIVE_EVERY_MS) {
        shownAt = performance.now()
        out.write(`  … ${line}\n`)
      }
    },
  }
}
