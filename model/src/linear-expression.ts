/** Regular expressions that users write: RE2's syntax, which needs time in proportion to the text. There are no back-references and no look-around. */
import { RE2JS } from 're2js'

/** Compiled, or why it is no such expression. */
export function linearExpression(text: string): RE2JS | string {
  try {
    return RE2JS.compile(text)
  } catch (cause) {
    return cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, '') : String(cause)
  }
}
