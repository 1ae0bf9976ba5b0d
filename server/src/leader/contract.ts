/** What every lease promises. */
import { describe, expect, test } from 'vitest'
import type { Lease } from './lease.ts'

const [a, b] = ['a', 'b'].map(holder => ({ holder, url: `http://${holder}` })) as [{ holder: string; url: string }, { holder: string; url: string }]

export function leaseContract(name: string, open: () => Promise<{ readonly lease: Lease; /** Lets the lease end. */ expire(): Promise<void> }>): void {
  describe(`a lease in ${name}`, () => {
    test('one holds it, whoever else asks is told where that one is', async () => {
      const { lease } = await open()

      expect(await lease.take(a)).toEqual({ is: 'taken', fence: 1 })
      expect(await lease.take(b)).toEqual({ is: 'held', url: 'http://a' })
      expect([await lease.renew(a, 1), await lease.renew(b, 1), await lease.renew(a, 2)]).toEqual([true, false, false])
    })

    test('of many who ask at the same time, one gets it', async () => {
      const { lease } = await open()

      const taken = await Promise.all(Array.from({ length: 8 }, (_, index) => lease.take({ holder: `h${index}`, url: `http://${index}` })))

      expect(taken.filter(({ is }) => is === 'taken')).toEqual([{ is: 'taken', fence: 1 }])
    })

    test('when it has ended or was given back the next one gets it with a greater fence, and the one before is refused', async () => {
      const { lease, expire } = await open()
      await lease.take(a)
      await expire()
      expect(await lease.take(b)).toEqual({ is: 'taken', fence: 2 })
      expect(await lease.renew(a, 1)).toBe(false)
      await lease.release(a, 1)
      expect(await lease.renew(b, 2)).toBe(true)

      await lease.release(b, 2)

      expect(await lease.take(a)).toEqual({ is: 'taken', fence: 3 })
    })

    test('one that has ended, and that nobody took, can still be renewed', async () => {
      const { lease, expire } = await open()
      await lease.take(a)
      await expire()

      expect(await lease.renew(a, 1)).toBe(true)
      expect(await lease.take(b)).toEqual({ is: 'held', url: 'http://a' })
    })
  })
}
