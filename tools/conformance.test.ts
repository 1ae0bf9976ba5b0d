import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { conformance } from './conformance.ts'

const CORPUS = new URL('../../shared/corpus', import.meta.url).pathname

// The corpus is not part of the project: without it there is nothing to compare with.
describe.skipIf(!existsSync(CORPUS))('the corpus of the original', () => {
  const report = existsSync(CORPUS) ? conformance(CORPUS) : undefined

  test('every entry is read as the original reads it, or differs as declared', () => {
    expect(report?.failed).toEqual([])
  })

  test('at most one entry in twenty differs, and every declared difference is one', () => {
    expect((report?.differences ?? 0) / (report?.entries ?? 1)).toBeLessThanOrEqual(0.05)
    expect(report?.unused).toEqual([])
  })
})
