/** Regular expressions that users write: RE2's syntax, which needs time in proportion to the text. There are no back-references and no look-around. */
import { RE2JS } from 're2js'

/** Characters and classes, each as often as repetitions write it out: what is compiled takes time and room in proportion to that. */
const WRITTEN_OUT_MAX = 2000
const PIECE = /(?<open>\((?:\?(?:P?<\w+>|[A-Za-z-]*:))?)|(?<close>\))|\{(?<least>\d+)(?<more>,(?<most>\d*))?\}|(?<sign>[*+?|])|\\Q.*?(?:\\E|$)|\\[pPx]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|\[:\^?[a-z]*:\]|[^\]\\])*\]|./gs

/** Compiled, or why it is no such expression. */
export function linearExpression(text: string): RE2JS | string {
  if (writtenOut(text) > WRITTEN_OUT_MAX) return 'its repetitions make it too large'
  try {
    return RE2JS.compile(text)
  } catch (cause) {
    return cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, '') : String(cause)
  }
}

/** At least as many as there are, of an expression that RE2 takes. */
function writtenOut(text: string): number {
  const around: number[] = []
  /** Of the group in hand, and of what stands last in it. */
  let [size, last] = [0, 0]
  for (const { 0: piece, groups: { open, close, least, more, most, sign } = {} } of text.matchAll(PIECE)) {
    if (sign !== undefined) continue
    if (open !== undefined) {
      around.push(size)
      size = 0
    } else if (close !== undefined) {
      last = size
      size += around.pop() ?? 0
    } else if (least !== undefined) {
      const times = Number(most) || Number(least) + (more === undefined ? 0 : 1)
      size += last * (times - 1)
      last *= times
    } else {
      last = piece.startsWith('\\Q') ? piece.length : 1
      size += last
    }
  }
  return size
}
