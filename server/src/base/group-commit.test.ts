import { Fault } from '@vamp/model/fault'
import { expect, test } from 'vitest'
import { openGroupCommit } from './group-commit.ts'

const BATCH_MAX = 100
const WAITING_MAX = { count: 1000, bytes: 10_000 }

/** Commits end when the test says so. */
function harness() {
  let last = 0
  const commits: { readonly size: number; end(): void; fail(error: unknown): void }[] = []
  const group = openGroupCommit<number, number>({
    commit: batch => new Promise((resolve, reject) => {
      const size = batch.reduce((sum, count) => sum + count, 0)
      const end = () => resolve(batch.map(count => { const first = last + 1; last += count; return first }))
      commits.push({ size, end, fail: reject })
    }),
    batchCountMax: BATCH_MAX, waitingMax: WAITING_MAX, tooFast: 'slower',
  })
  const append = (count: number, bytes = count) => group.add(count, { count, bytes })
  const turns = async () => { for (let turn = 0; turn < 4; turn++) await new Promise(resolve => setImmediate(resolve)) }
  return { group, append, commits, turns }
}

test('what arrives during a commit is committed together, and each append knows its own place', async () => {
  const { append, commits, turns } = harness()
  const first = [append(1), append(2)]
  await turns()
  const second = [append(1), append(1)]
  await turns()
  expect(commits.map(({ size }) => size)).toEqual([3])

  commits[0]?.end()
  await turns()
  commits[1]?.end()

  expect(commits.map(({ size }) => size)).toEqual([3, 2])
  expect(await Promise.all([...first, ...second])).toEqual([1, 2, 4, 5])
})

test('a commit that fails fails its own appends only', async () => {
  const { append, commits, turns } = harness()
  const failing = append(1)
  await turns()
  const fine = append(1)

  commits[0]?.fail(new Fault('disk_full', 'no'))
  await expect(failing).rejects.toThrow('no')
  await turns()
  commits[1]?.end()

  expect(await fine).toBe(1)
})

test('a commit is no larger than its bound, but an append is never split', async () => {
  const { append, commits, turns } = harness()
  for (const size of [BATCH_MAX - 1, 2, BATCH_MAX + 1, 1]) void append(size)

  for (let commit = 0; commit < 4; commit++) { await turns(); commits[commit]?.end() }

  expect(commits.map(({ size }) => size)).toEqual([BATCH_MAX - 1, 2, BATCH_MAX + 1, 1])
})

test('whoever is faster than the database is refused, and accepted again later', async () => {
  const { append, commits, turns } = harness()
  const accepted = [append(WAITING_MAX.count)]
  await turns()

  await expect(append(1)).rejects.toMatchObject({ code: 'too_large' })
  commits[0]?.end()
  await Promise.all(accepted)
  accepted.push(append(1, WAITING_MAX.bytes))
  await turns()
  await expect(append(1)).rejects.toMatchObject({ code: 'too_large' })
  commits[1]?.end()
  await Promise.all(accepted)
  accepted.push(append(1))
  await turns()
  commits[2]?.end()

  expect(await Promise.all(accepted)).toEqual([1, WAITING_MAX.count + 1, WAITING_MAX.count + 2])
})

test('it is drained when everything has been committed', async () => {
  const { group, append, commits, turns } = harness()
  await group.drained()
  void append(1)
  let drained = false
  void group.drained().then(() => { drained = true })
  await turns()
  expect(drained).toBe(false)

  commits[0]?.end()
  await turns()

  expect(drained).toBe(true)
})
