import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { claimDirectory, demandUsable } from './claim.ts'

const directory = mkdtempSync(join(tmpdir(), 'vamp-claim-'))
afterAll(() => { rmSync(directory, { recursive: true }) })

test('a data directory is made with all that leads to it, for its owner alone', async () => {
  const release = await claimDirectory(join(directory, 'a', 'b'))

  expect(statSync(join(directory, 'a', 'b')).mode & 0o777).toBe(0o700)
  release()
})

test('a place where nothing can be kept is told at once, with the reason and a way out', async () => {
  writeFileSync(join(directory, 'file'), '')

  for (const [place, reason] of [[join(directory, 'file'), 'there is a file in the way'], [join(directory, 'file', 'below'), 'there is a file in the way'], ['/proc/nowhere', 'no directory can be made there']] as const) {
    const refusal = { code: 'invalid', message: `nothing can be kept in ${place}: ${reason}; choose another place with --data` }
    await expect(claimDirectory(place)).rejects.toMatchObject(refusal)
    expect(() => demandUsable(place)).toThrow(expect.objectContaining(refusal))
  }
})

test('a place is tried without a trace, whether it is there or not', () => {
  const before = readdirSync(directory)
  demandUsable(directory)
  demandUsable(join(directory, 'not', 'yet'))

  expect(readdirSync(directory)).toEqual(before)
})
