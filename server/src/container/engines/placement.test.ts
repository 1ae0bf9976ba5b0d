import { expect, test } from 'vitest'
import { type Placed, place, type Room } from './placement.ts'

const web: Placed = { deployment: 'shop', cluster: 'web', service: 'web:1', cpu: 1, memory: 512 }
const room = (name: string, cpu: number, memory: number, placed: readonly Placed[] = [], more: Partial<Room> = {}): Room => ({ name, cpu, memory, labels: {}, placed, ...more })

test('the engine that is left with least is taken, so that the large still find room', () => {
  expect(place(web, [room('a', 8, 8192), room('b', 4, 4096, [web, web]), room('c', 8, 8192, [web])], undefined)).toEqual({ is: 'placed', on: 'b' })
})

test('both cores and memory must be there', () => {
  expect(place(web, [room('a', 8, 500), room('b', 0.5, 8192), room('c', 16, 16_384)], undefined)).toEqual({ is: 'placed', on: 'c' })
})

test('what is to be spread goes where the label has fewest of the same service, and is packed there', () => {
  const zone = (name: string) => ({ labels: { zone: name } })
  const rooms = [room('a1', 8, 8192, [web], zone('a')), room('a2', 8, 8192, [], zone('a')), room('b1', 8, 8192, [{ ...web, service: 'other:1' }], zone('b')), room('b2', 8, 8192, [], zone('b'))]

  expect(place(web, rooms, 'zone')).toEqual({ is: 'placed', on: 'b1' })
})

test('what fits nowhere is told with what each engine has left', () => {
  expect(place({ ...web, cpu: 2 }, [room('a', 2, 2048, [web]), room('b', 4, 4096, [], { closed: 'does not answer' })], undefined))
    .toEqual({ is: 'no_room', sentence: 'no engine has room for shop/web/web:1 (2 cores, 512 MB): a has 1 cores and 1536 MB left; b does not answer' })
})

test('tenths of cores fill an engine to the last', () => {
  const tenth = { ...web, cpu: 0.1, memory: 1 }
  expect(place(tenth, [room('a', 0.3, 100, [tenth, tenth])], undefined)).toEqual({ is: 'placed', on: 'a' })
})
