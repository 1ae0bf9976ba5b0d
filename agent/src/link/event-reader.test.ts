import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventReader } from './event-reader.ts'

const stream = ': open\n\nid: 1\ndata: {"a":"ä"}\n\n: alive\n\nevent: error\ndata: {"no":1}\n\ndata:{"b":2}\r\n\r\nevent: message\ndata: 3\ndata: 4\n\ndata: unfinished'

test('events come whole, however the stream is cut; named ones and comments are passed over', () => {
  const bytes = new TextEncoder().encode(stream)
  fc.assert(fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), cuts => {
    const heard: string[] = []
    const read = eventReader(data => heard.push(data))
    const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]

    for (const [index, edge] of edges.entries()) read(bytes.subarray(edges[index - 1] ?? 0, edge))

    expect(heard).toEqual(['{"a":"ä"}', '{"b":2}', '3\n4'])
  }))
})
