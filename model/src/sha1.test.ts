import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha1 } from './sha1.ts'

test('it is SHA-1, for every text and every length around a block', () => {
  const lengths = Array.from({ length: 200 }, (_, length) => 'x'.repeat(length))
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), text => {
    expect(sha1(text)).toBe(createHash('sha1').update(text).digest('hex'))
  }))
  for (const text of lengths) expect(sha1(text)).toBe(createHash('sha1').update(text).digest('hex'))
})
