/** Text from outside in a HAProxy configuration: one way in, and nothing gets out of its word. */
import { Fault } from '@vamp/model/fault'

/** One word of a configuration line; HAProxy reads it back byte by byte. Throws `Fault('proxy_refused')` for control characters. */
export function quote(text: string): string {
  if (/[\u0000-\u001f\u007f]/.test(text)) throw refused('control characters', text)
  if (/^[A-Za-z0-9_.,:/()<>=!*?&|@+-]+$/.test(text)) return text
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** As `quote`, for text of several lines. */
export function quoteText(text: string): string {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text)) throw refused('control characters', text)
  const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
  return `"${text.replace(/[\\"$\n\r\t]/g, char => escapes[char] ?? `\\${char}`)}"`
}

/** Text for a place where HAProxy expands `%`: nothing is expanded. */
export const quoteFormat = (text: string): string => quote(text.replaceAll('%', '%%'))

/**
 * Splits raw HAProxy text of a user into words as HAProxy does (blanks, both quotes, backslash), so that each can be quoted again.
 * What reads files or the environment is refused: a condition is about the request.
 */
export function rawWords(text: string): string[] {
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) throw refused('control characters', text)
  const words: string[] = []
  let word: string | undefined
  let inside: '"' | "'" | undefined
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (inside ? char === inside : char === '"' || char === "'") {
      inside = inside ? undefined : char === '"' ? '"' : "'"
      word ??= ''
    } else if (char === '\\' && inside !== "'") {
      if (++at >= text.length) throw refused('a backslash at the end', text)
      word = (word ?? '') + unescaped(text[at] ?? '')
    } else if (!inside && (char === ' ' || char === '\t')) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + char
  }
  if (inside) throw refused('an open quote', text)
  if (word !== undefined) words.push(word)
  const forbidden = words.find(each => /^-[fMu]/.test(each) || /(^|[,([])\s*(map(_[a-z_0-9]+)?|lua\.[^,]*|env)\s*\(/i.test(each))
  if (forbidden !== undefined) throw refused(`'${forbidden.slice(0, 40)}', which reaches outside the request`, text)
  if (words.some(each => each === '{' || each === '}')) throw refused('braces', text)
  return words
}

/**
 * The words of an ACL. What comes after its flags is patterns, whatever they look like: HAProxy takes one that begins with a parenthesis
 * for a mistake unless it is told so.
 */
export function aclWords(text: string): string[] {
  const words = rawWords(text)
  let first = 1
  while (/^-[a-z]$/i.test(words[first] ?? '')) first += words[first] === '-m' ? 2 : 1
  return first >= words.length || words[first] === '--' ? words : [...words.slice(0, first), '--', ...words.slice(first)]
}

function unescaped(char: string): string {
  if (char === 'n' || char === 'r' || char === 't' || char === 'x') throw refused(`the escape '\\${char}'`, char)
  return ' \\#\'"$'.includes(char) ? char : '\\' + char
}

function refused(what: string, text: string): Fault {
  return new Fault('proxy_refused', 'the text cannot be part of a configuration', { reason: `it has ${what}: ${JSON.stringify(text.slice(0, 80))}` })
}
