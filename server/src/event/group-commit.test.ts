import { Fault } from '@vamp/model/fault'
import { expect, test } from 'vitest'
import type { Entry } from './entry.ts'
import { openGroupCommit } from './group-commit.ts'
import { COMMIT_EVENTS_MAX, PENDING_BYTES_MAX, PENDING_EVENTS_MAX } from './limits.ts'

const entry: Entry = { at: 0, type: 'event', tags: ['t'], value: undefined }
const many = (count: number) => Array.from({ length: count }, () => entry)

/** Commits end when the test says so. */
function harness() {
  let last = 0
  const commits: { readonly size: number; end(): void; fail(error: unknown): void }[] = []
  const group = openGroupCommit(batch => new Promise((resolve, reject) => {
    commits.push({ size: batch.length, end: () => { last += batch.length; resolve(last - batch.length + 1) }, fail: reject })
  }))
  const turns = async () => { for (let turn = 0; turn < 4; turn++) await new Promise(resolve => setImmediate(resolve)) }
  return { group, commits, turns }
}

test('what arrives during a commit is committed together, and each append knows its own place', async () => {
  const { group, commits, turns } = harness()
  const first = [group.append(many(1)), group.append(many(2))]
  await turns()
  const second = [group.append(many(1)), group.append(many(1))]
  await turns()
  expect(commits.map(({ size }) => size)).toEqual([3])

  commits[0]?.end()
  await turns()
  commits[1]?.end()

  expect(commits.map(({ size }) => size)).toEqual([3, 2])
  expect(await Promise.all([...first, ...second])).toEqual([1, 2, 4, 5])
})

test('a commit that fails fails its own appends only', async () => {
  const { group, commits, turns } = harness()
  const failing = group.append(many(1))
  await turns()
  const fine = group.append(many(1))

  commits[0]?.fail(new Fault('disk_full', 'no'))
  await expect(failing).rejects.toThrow('no')
  await turns()
  commits[1]?.end()

  expect(await fine).toBe(1)
})

test('a commit is no larger than its bound, but an append is never split', async () => {
  const { group, commits, turns } = harness()
  for (const size of [COMMIT_EVENTS_MAX - 1, 2, COMMIT_EVENTS_MAX + 1, 1]) void group.append(many(size))

  for (let commit = 0; commit < 4; commit++) { await turns(); commits[commit]?.end() }

  expect(commits.map(({ size }) => size)).toEqual([COMMIT_EVENTS_MAX - 1, 2, COMMIT_EVENTS_MAX + 1, 1])
})

test('whoever is faster than the database is refused, and accepted again later', async () => {
  const { group, commits, turns } = harness()
  const accepted = [group.append(many(PENDING_EVENTS_MAX))]
  await turns()

  await expect(group.append(many(1))).rejects.toMatchObject({ code: 'too_large' })
  commits[0]?.end()
  await Promise.all(accepted)
  accepted.push(group.append([{ ...entry, value: 'x'.repeat(PENDING_BYTES_MAX) }]))
  await turns()
  await expect(group.append(many(1))).rejects.toMatchObject({ code: 'too_large' })
  commits[1]?.end()
  await Promise.all(accepted)
  accepted.push(group.append(many(1)))
  await turns()
  commits[2]?.end()

  expect(await Promise.all(accepted)).toEqual([1, PENDING_EVENTS_MAX + 1, PENDING_EVENTS_MAX + 2])
})

test('it is drained when everything has been committed', async () => {
  const { group, commits, turns } = harness()
  await group.drained()
  void group.append(many(1))
  let drained = false
  void group.drained().then(() => { drained = true })
  await turns()
  expect(drained).toBe(false)

  commits[0]?.end()
  await turns()

  expect(drained).toBe(true)
})
