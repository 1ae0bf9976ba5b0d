import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aclWords, quote, rawWords } from './quote.ts'

describe('text in a configuration', () => {
  test('is one word that reads back as it was', () => {
    fc.assert(fc.property(fc.string({ maxLength: 30 }), text => {
      if (/[\u0000-\u001f\u007f]/.test(text) || text === '') return
      const word = quote(text)
      expect(rawOrSame(word)).toBe(text)
    }))
  })

  test('has no control characters', () => {
    for (const text of ['a\nb', 'a\r', '\u0000', 'tab\t']) expect(() => quote(text)).toThrowError('cannot be part of a configuration')
  })
})

describe('raw text of a user', () => {
  test('is split as HAProxy splits it', () => {
    expect(rawWords(`hdr_sub(x-a) -i 'a b' "c \\"d" e\\ f \\.php$`)).toEqual(['hdr_sub(x-a)', '-i', 'a b', 'c "d', 'e f', '\\.php$'])
  })

  test.each(['src -f /etc/shadow', 'env(HOME) -m found', 'src,map(/etc/passwd) x', 'path { x', "path 'x", 'path x\\', 'a\nb', 'path \\x41', 'lua.f'.replace('f', 'f()')])('%j is refused', text => {
    expect(() => rawWords(text)).toThrowError('cannot be part of a configuration')
  })
})

/** HAProxy's reading of one word with single quotes. */
function rawOrSame(word: string): string {
  let text = ''
  let inside = false
  for (let at = 0; at < word.length; at++) {
    if (word[at] === "'") inside = !inside
    else if (!inside && word[at] === '\\') text += word[++at]
    else if (!inside && /[\s#"$]/.test(word[at] ?? '')) throw new Error('the word ends here')
    else text += word[at]
  }
  if (inside) throw new Error('open quote')
  return text
}

test.each([
  ['path_reg (a|b) c', ['path_reg', '--', '(a|b)', 'c']],
  ['hdr(x) -m reg -i (a|b)', ['hdr(x)', '-m', 'reg', '-i', '--', '(a|b)']],
  ['path_beg -i -- -x', ['path_beg', '-i', '--', '-x']],
  ['req.cook(x) -m found', ['req.cook(x)', '-m', 'found']],
  ['ssl_fc', ['ssl_fc']],
])('the patterns of %s are patterns, whatever they begin with', (acl, words) => {
  expect(aclWords(acl)).toEqual(words)
})
