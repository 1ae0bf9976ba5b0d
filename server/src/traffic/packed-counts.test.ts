import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ENDINGS } from '@vamp/model/metric'
import { cellOf } from './contract.ts'
import { CountSum } from './count-sum.ts'
import { addPacked, type Counts, PackedCounts, packedEntries, unpacked } from './packed-counts.ts'

const counts = fc.record({
  requests: fc.nat(1e9), errors: fc.nat(1000), bytes: fc.integer({ min: 0, max: 2 ** 45 }),
  statuses: fc.tuple(fc.nat(9), fc.nat(300), fc.nat(1e6), fc.nat(9), fc.nat(9), fc.nat(9)),
  endings: fc.option(fc.record(Object.fromEntries(ENDINGS.map(ending => [ending, fc.integer({ min: 1, max: 1e6 })])), { requiredKeys: [] }), { nil: undefined }), busy: fc.nat(1e6),
  durations: fc.array(fc.double({ min: 0.001, max: 3_600_000, noNaN: true }), { maxLength: 40 }),
}).map(({ durations, endings, busy, ...rest }): Counts => ({ ...rest, ...(endings && Object.keys(endings).length > 0 ? { endings } : {}), ...(busy > 0 ? { busy } : {}), latency: cellOf(durations).latency }))
const list = fc.array(fc.tuple(fc.nat(1000), counts), { maxLength: 30 })

test('packed counts are read as they were written, also after they were taken over into another list', () => {
  fc.assert(fc.property(list, written => {
    const packed = new PackedCounts()
    for (const [at, entry] of written) packed.append(at, entry)
    const copied = new PackedCounts()
    for (const [at, entry] of packedEntries(packed.bytes)) copied.appendPacked(at + 200, entry)

    expect(unpacked(packed.bytes)).toEqual(written)
    expect(unpacked(copied.bytes)).toEqual(written.map(([at, entry]) => [at + 200, entry]))
  }))
})

test('what is added up from bytes is what is added up from counts', () => {
  fc.assert(fc.property(list, written => {
    const packed = new PackedCounts()
    for (const [at, entry] of written) packed.append(at, entry)
    const [sum, expected] = [new CountSum(), new CountSum()]

    addPacked(packed.bytes, at => at % 2 === 0 ? sum : undefined)
    for (const [at, entry] of written) if (at % 2 === 0) expected.add(entry)

    expect(sum.counts()).toEqual(expected.counts())
  }))
})
