/** Walks over one line of a small language and remembers the furthest place where it could not go on. */
import type { Position, Problem } from '../problem.ts'

export interface Failure {
  readonly offset: number
  readonly reason: string
  readonly hint?: string
}

export class Scanner {
  readonly text: string
  offset = 0
  private failure: Failure | undefined

  constructor(text: string) {
    this.text = text
  }

  /** What the sticky expression matches here, and goes behind it. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.offset
    const found = pattern.exec(this.text)
    if (found) this.offset = pattern.lastIndex
    return found ?? undefined
  }

  get atEnd(): boolean { return this.offset >= this.text.length }

  /** Reports that nothing sensible stands here; always `undefined`, so that readers can return it. */
  fail(reason: string, hint?: string, offset = this.offset): undefined {
    if (!this.failure || offset >= this.failure.offset) this.failure = { offset, reason, ...(hint ? { hint } : {}) }
    return undefined
  }

  /** The text as it is from here, shortened, for messages. */
  get rest(): string {
    const rest = this.text.slice(this.offset)
    return rest.length > SHOWN_MAX ? `${rest.slice(0, SHOWN_MAX)}…` : rest
  }

  problem(code: string, path: string): Problem {
    const { offset, reason, hint } = this.failure ?? { offset: this.offset, reason: 'it is no expression', hint: undefined }
    return { code, message: `Cannot parse: ${reason}.`, path, at: this.position(offset), ...(hint ? { hint } : {}) }
  }

  private position(offset: number): Position {
    const start = this.text.lastIndexOf('\n', offset - 1) + 1
    const end = this.text.indexOf('\n', offset)
    const line = this.text.slice(start, end === -1 ? this.text.length : end)
    return { line: this.text.slice(0, start).split('\n').length, column: offset - start + 1, caret: `${line}\n${' '.repeat(offset - start)}^` }
  }
}

const SHOWN_MAX = 40
