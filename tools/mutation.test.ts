import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutate } from './mutation.ts'

const CORPUS = new URL('../../shared/corpus', import.meta.url).pathname

// The corpus is not part of the project: without it there is nothing to damage.
test.skipIf(!existsSync(CORPUS))('damaged documents are answered, and what is accepted is sound', () => {
  const report = mutate(CORPUS, 3000, 7)

  expect(report.failed).toEqual([])
  expect(report.accepted).toBeGreaterThan(100)
})
