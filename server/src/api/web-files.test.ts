import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openWebFiles } from './web-files.ts'

let directory: string
let app: ReturnType<typeof fastify>
let port: number

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vamp-web-files-'))
  const web = openWebFiles(join(directory, 'dist'))
  app = fastify()
  app.setNotFoundHandler(async (asked: FastifyRequest, reply: FastifyReply) => await web.answer(asked, reply) ? reply : reply.code(404).send('nothing'))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.server.address()
  port = typeof address === 'object' && address ? address.port : 0
})

afterEach(async () => {
  await app.close()
  rmSync(directory, { recursive: true })
})

function build(): void {
  mkdirSync(join(directory, 'dist/assets'), { recursive: true })
  writeFileSync(join(directory, 'dist/index.html'), '<!doctype html><title>Vamp</title>')
  writeFileSync(join(directory, 'dist/assets/index-abc.js'), `export const long = '${'x'.repeat(2000)}'`)
  writeFileSync(join(directory, 'secret.txt'), 'secret')
}

/** Paths as they are: fetch would resolve them before they are sent. */
function ask(path: string, headers: Record<string, string> = { accept: 'text/html,*/*' }, method = 'GET'): Promise<{ status: number | undefined; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, method, agent: false }, answer => {
      let text = ''
      answer.setEncoding('latin1').on('data', chunk => { text += chunk }).on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }))
    }).on('error', reject).end()
  })
}

test('before the pages are built, a page says how; once they are, they are there without a restart', async () => {
  expect((await ask('/')).text).toContain('npm run build')

  build()

  expect((await ask('/')).text).toContain('<title>Vamp</title>')
})

test('addresses that only the browser knows get the page; the API, missing assets and programs do not', async () => {
  build()

  expect((await ask('/releases/shop-web-1.1')).text).toContain('<title>Vamp</title>')
  expect((await ask('/gateways/shop/web/http?x=1')).status).toBe(200)
  for (const path of ['/api/v1/nothing', '/api', '/assets/old-hash.js']) expect([path, (await ask(path)).status]).toEqual([path, 404])
  expect((await ask('/somewhere', { accept: 'application/json' })).status).toBe(404)
  expect((await ask('/', { accept: '*/*' })).text, 'curl').toContain('<title>Vamp</title>')
  expect((await ask('/', {})).status).toBe(200)
  expect((await ask('/', { accept: 'application/json' })).status).toBe(404)
  expect((await ask('/releases', { accept: '*/*' })).status).toBe(404)
  expect((await ask('/', { accept: 'text/html' }, 'POST')).status).toBe(404)
})

test('nothing outside of the pages is served, however the address is written', async () => {
  build()

  for (const path of ['/../secret.txt', '/assets/../../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/..%5c..%5csecret.txt', '/%00', '/%zz'])
    expect([path, (await ask(path)).text.includes('secret')]).toEqual([path, false])
})

test('pages come with a policy that lets nothing foreign or inline run', async () => {
  build()
  const policy = String((await ask('/')).headers['content-security-policy'])

  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self'")
  expect(policy).not.toContain('unsafe')
})

test('what has a hash in its name is kept for ever, the page is asked for again and costs nothing if it is the same', async () => {
  build()

  expect((await ask('/assets/index-abc.js')).headers['cache-control']).toContain('immutable')
  const { headers } = await ask('/')
  expect(headers['cache-control']).toBe('no-cache')
  const again = await ask('/', { accept: 'text/html', 'if-none-match': String(headers['etag']) })
  expect([again.status, again.text]).toEqual([304, ''])
})

test('scripts travel compressed to who understands that', async () => {
  build()

  const [small, plain] = [await ask('/assets/index-abc.js', { 'accept-encoding': 'gzip, br' }), await ask('/assets/index-abc.js', {})]
  expect([small.headers['content-encoding'], plain.headers['content-encoding']]).toEqual(['gzip', undefined])
  expect(small.text.length).toBeLessThan(plain.text.length / 4)
})
