import { ENDINGS } from '@vamp/model/metric'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Sample } from './proxy.ts'
import { Samples, WAYS } from './samples.ts'

const sample: fc.Arbitrary<Sample> = fc.record<Sample>({
  gateway: fc.constantFrom('a', 'b'), route: fc.constantFrom('', 'r'), instance: fc.constantFrom('', 'i', 'j'), by: fc.constantFrom(...WAYS), status: fc.integer({ min: 0, max: 599 }), error: fc.boolean(),
  ending: fc.constantFrom(undefined, ...ENDINGS), latencyMs: fc.option(fc.integer({ min: 0, max: 2 ** 40 }).map(us => us / 1000), { nil: undefined }), bytes: fc.maxSafeNat(), endedAt: fc.maxSafeNat(), part: fc.integer({ min: 0, max: 7 }),
  asked: fc.option(fc.record({ method: fc.constantFrom('GET', 'POST'), path: fc.constantFrom('/', '/cart?id=1') }), { nil: undefined }),
})

test('a batch tells what was put into it, in order, and is empty again', () => {
  const batch = new Samples()
  fc.assert(fc.property(fc.array(sample, { maxLength: 300 }), given => {
    for (const each of given) batch.add(each)

    expect([...batch]).toEqual(given.map(({ asked, ...rest }) => rest.error ? { ...rest, asked } : rest))
    expect(batch.places.length).toBeLessThanOrEqual(12)
    expect([...batch.clear()]).toEqual([])
  }))
})
