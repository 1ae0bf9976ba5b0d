import { expect, test } from 'vitest'
import { contract } from '@vamp/model/api/contract'
import { testServer } from '@vamp/server/api/testdata/test-server'
import { ApiError, Unreachable } from './api-error.ts'
import { openClient } from './client.ts'
import { streamMessages } from './stream.ts'

const answer = (text: string) => new Response(text, { headers: { 'Content-Type': 'text/event-stream' } })
const sleepless = async () => undefined

test('a stream that breaks is opened again after the last message that came', async () => {
  const asked: (string | undefined)[] = []
  const texts = ['id: 1\ndata: "a"\n\nid: 2\ndata: "b"\n\n', 'id: 3\ndata: "c"\n\n']
  const open = async (lastId: string | undefined) => {
    asked.push(lastId)
    if (asked.length === 2) throw new Unreachable('http://x', new Error('gone for a moment'))
    return answer(texts.shift() ?? '')
  }
  const got: unknown[] = []

  for await (const { data } of streamMessages({ open, after: undefined, finite: false, sleep: sleepless })) {
    got.push(data)
    if (got.length === 3) break
  }

  expect([got, asked]).toEqual([['a', 'b', 'c'], [undefined, '2', '2']])
})

test('a stream that breaks before its first message is opened again where it began', async () => {
  const asked: (string | undefined)[] = []
  const pieces = [[': open\n\n', 'id: 00', '07\n\n: alive\n\n'], ['id: 0008\ndata: "a"\n\n'], ['id: 0009\ndata: "b"\n\n']]
  const open = async (lastId: string | undefined) => {
    asked.push(lastId)
    return new Response(ReadableStream.from((pieces.shift() ?? []).map(piece => new TextEncoder().encode(piece))), { headers: { 'Content-Type': 'text/event-stream' } })
  }
  const got: unknown[] = []

  for await (const { data } of streamMessages({ open, after: undefined, finite: false, sleep: sleepless })) {
    got.push(data)
    if (got.length === 2) break
  }

  expect([got, asked]).toEqual([['a', 'b'], [undefined, '0007', '0008']])
})

test('a finite stream ends with the server\'s last message', async () => {
  const got: unknown[] = []

  for await (const { event, data } of streamMessages({ open: async () => answer('event: line\ndata: 1\n\n: alive\n\ndata: 2\n\n'), after: undefined, finite: true, sleep: sleepless })) got.push([event, data])

  expect(got).toEqual([['line', 1], ['message', 2]])
})

test('who is refused, or never found a server, is told so instead of trying for ever', async () => {
  const collect = (open: () => Promise<Response>) => Array.fromAsync(streamMessages({ open, after: undefined, finite: false, sleep: sleepless }))

  await expect(collect(async () => { throw new ApiError(401, 'unauthorized', 'no') })).rejects.toThrow('no')
  await expect(collect(async () => { throw new Unreachable('http://x', new Error('refused')) })).rejects.toThrow(Unreachable)
})

test('what the server says goes wrong in a stream is thrown', async () => {
  await expect(Array.fromAsync(streamMessages({ open: async () => answer('event: error\ndata: {"message":"it broke"}\n\n'), after: undefined, finite: true, sleep: sleepless }))).rejects.toThrow('it broke')
})

test('a client asks, writes on a revision, pages through lists and follows events', async () => {
  await using server = await testServer()
  const client = openClient({ url: server.url })
  const scale = (name: string, cpu = 1) => ({ name, cpu, memory: '1MB', instances: 1 })
  for (let index = 0; index < 105; index++) await client.call(contract.scales.create, { body: scale(`s${index}`) })

  expect((await client.all(contract.scales.list)).map(({ name }) => name)).toHaveLength(105)
  const { etag } = await client.call(contract.scales.get, { path: { name: 's1' } })
  await client.call(contract.scales.put, { path: { name: 's1' }, body: scale('s1', 2), ...(etag === undefined ? {} : { expected: etag }) })
  await expect(client.call(contract.scales.put, { path: { name: 's1' }, body: scale('s1', 3), ...(etag === undefined ? {} : { expected: etag }) })).rejects.toEqual(expect.objectContaining({ status: 412, code: 'revision_mismatch' }))
  await expect(client.call(contract.breeds.create, { body: 'name: a\n' })).rejects.toEqual(expect.objectContaining({ status: 400, problems: [expect.objectContaining({ at: expect.objectContaining({ line: 1 }) })] }))
  expect((await client.plan(contract.scales.delete, { path: { name: 's1' } })).changes).toEqual([expect.objectContaining({ do: 'delete', name: 's1' })])
  expect(await client.yaml(contract.scales.get, { path: { name: 's1' } })).toContain('cpu: 2')

  const ending = new AbortController()
  const seen: unknown[] = []
  await client.call(contract.events.publish, { body: { tags: ['told'], value: 1 } })
  const [first] = (await client.call(contract.events.query, { query: { tag: ['told'] } })).data
  await client.call(contract.events.publish, { body: { tags: ['told'], value: 2 } })
  for await (const { data } of client.stream(contract.events.stream, { query: { tag: ['told'] }, after: first?.id ?? '' }, ending.signal)) { seen.push(data.value); ending.abort() }
  expect(seen).toEqual([2])
})
