import { type TestServer, testServer } from '@vamp/server/api/testdata/test-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { processIo } from '../io.ts'
import { run } from '../run.ts'

let server: TestServer
beforeAll(async () => { server = await testServer() })
afterAll(async () => { await server[Symbol.asyncDispose]() })

test('the schema of a kind is JSON, as an editor takes it', async () => {
  let said = ''
  const exit = await run(['schema', 'scale'], { ...processIo({}, new AbortController().signal, () => Date.now()), out: text => { said += text } }, { VAMP_HOST: server.url })

  expect([exit, JSON.parse(said)]).toEqual([0, expect.objectContaining({ title: 'scale', type: 'object' })])
})
