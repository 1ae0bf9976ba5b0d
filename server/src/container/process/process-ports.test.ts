import { expect, test } from 'vitest'
import { portAllocator } from './process-ports.ts'

const RANGE = { from: 100, to: 109 }

test('after a restart the first ports are those after the ones that are held: one given back just now may still get requests', async () => {
  const ports = portAllocator(RANGE, async () => true)
  ports.hold([103, 105, 101])

  ports.release([105])

  expect(await ports.allocate(2)).toEqual([106, 107])
})

test('it goes round the range, without what is held or in use; holding again changes nothing', async () => {
  const ports = portAllocator(RANGE, async port => port !== 101)
  await ports.allocate(1)
  ports.hold([108])

  expect(await ports.allocate(7)).toEqual([102, 103, 104, 105, 106, 107, 109])
  ports.release([104])
  expect(await ports.allocate(1)).toEqual([104])
  await expect(ports.allocate(1)).rejects.toMatchObject({ code: 'conflict' })
})
