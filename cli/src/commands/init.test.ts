import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createColors } from 'picocolors'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testServer } from '@vamp/server/api/testdata/test-server'
import type { Io } from '../io.ts'
import { run } from '../run.ts'

describe('vamp init', () => {
  let directory = ''
  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'vamp-init-')) })
  afterEach(async () => { await rm(directory, { recursive: true }) })

  test.each([
    ['an image', ['--image', 'nginx:1.29'], /name: site:1\.29[\s\S]*definition: nginx:1\.29[\s\S]*http: 80\/http/],
    ['a program', ['--command', 'node "my server.js"'], /definition: "node \\"my server.js\\""[\s\S]*http: 0\/http/],
    ['nothing yet', [], /definition: "node server.js" {3}# the program; change this line/],
  ])('%s becomes a project that lint finds nothing wrong with', async (_, flags, expected) => {
    const { exit } = await said('init', join(directory, 'site'), ...flags)

    expect(exit).toBe(0)
    expect(await readdir(join(directory, 'site'))).toEqual(['site-release.yml', 'site.yml'])
    expect(await readFile(join(directory, 'site/site.yml'), 'utf8')).toMatch(expected)
    expect(await said('lint', join(directory, 'site'))).toMatchObject({ exit: 0 })
  })

  test('a compose file becomes clusters with a gateway, and a release of the first', async () => {
    await writeFile(join(directory, 'compose.yml'), 'services:\n  db:\n    image: postgres:17\n    ports: ["5432:5432"]\n    volumes: [data:/data]\n  front:\n    image: nginx:1.29\n    ports: ["8080:80"]\n    depends_on: [api]\n    environment: { MODE: live, API: "http://api:3000" }\n  api:\n    image: shop/api:2.1\n    ports: ["3000"]\n')

    const { text } = await said('init', join(directory, 'shop'), '--compose', join(directory, 'compose.yml'))

    expect(await readFile(join(directory, 'shop/shop.yml'), 'utf8')).toMatch(/9050: front\/port_80[\s\S]*definition: shop\/api:2\.1/)
    expect(await readFile(join(directory, 'shop/shop-release.yml'), 'utf8')).toMatch(/name: front:next[\s\S]*definition: nginx:next[\s\S]*port_80: "80"[\s\S]*MODE: live[\s\S]*api: api:1\.0\.0[\s\S]*cluster: front/)
    expect(text).toMatch(/Other than in compose\.yml:[\s\S]* {2}Did not include unsupported field: 'db\/volumes'\.\n[\s\S]*which is no host name[\s\S]*http:\/\/\$api\.host:\$api\.ports\.port_3000[\s\S]*Next:/)
    expect(await said('lint', join(directory, 'shop'))).toMatchObject({ exit: 0 })
  })

  test('where an image listens is told to be a guess, unless it was said', async () => {
    expect((await said('init', join(directory, 'a'), '--image', 'redis')).text).toContain('Nothing says where redis listens: port 80 with HTTP is a guess; --port or a change of a.yml says it.')
    expect(await readFile(join(directory, 'a/a.yml'), 'utf8')).toMatch(/http: 80\/http +# a guess/)
    expect((await said('init', join(directory, 'b'), '--image', 'redis', '--port', '8080')).text).not.toContain('guess')
    expect(await readFile(join(directory, 'b/b.yml'), 'utf8')).toMatch(/http: 8080\/http +# where it listens/)
  })

  test.each([
    [`nginx@sha256:${'ab'.repeat(32)}`, 'a:abababababab', 'nginx:next'],
    [`registry.example:5000/nginx:1.29@sha256:${'ab'.repeat(32)}`, 'a:1.29', 'registry.example:5000/nginx:next'],
  ])('the next version of an image with a digest has a tag', async (image, name, next) => {
    await said('init', join(directory, 'a'), '--image', image)

    expect(await readFile(join(directory, 'a/a.yml'), 'utf8')).toMatch(new RegExp(`name: ${name}\n`))
    expect(await readFile(join(directory, 'a/a-release.yml'), 'utf8')).toContain(`definition: ${next}\n`)
  })

  test('where a program runs is told, and written beside it', async () => {
    expect((await said('init', join(directory, 'a'), '--command', 'node server.js')).text).toContain('The program runs in the directory in which the server was started: node server.js is found from there, or from dialects: {process: {cwd: …}}.')
    expect(await readFile(join(directory, 'a/a.yml'), 'utf8')).toContain('another: dialects: { process: { cwd: /srv/a } }')
  })

  test('the server that it tells to start is one that runs what was written', async () => {
    expect((await said('init', join(directory, 'a'), '--image', 'nginx:1.29')).text).toContain('vamp up --containers docker ')
    expect((await said('init', join(directory, 'b'), '--command', 'node server.js')).text).toMatch(/vamp up +#/)
  })

  test('a port that a gateway of the server has is not taken again', async () => {
    await using server = await testServer()
    host = server.url
    for (const [name, port] of [['one', 9050], ['other', 9051]]) await server.ask(`/gateways/${name}`, { method: 'PUT', body: `name: ${name}\nport: ${port}/http\nroutes: {}\n` })

    const { text } = await said('init', join(directory, 'shop'))
    host = 'http://127.0.0.1:1'

    expect(text).toMatch(/^Visitors come in at port 9052: 9050 is that of gateway one\.[\s\S]*curl http:\/\/127\.0\.0\.1:9052\//)
    expect(await readFile(join(directory, 'shop/shop.yml'), 'utf8')).toContain('9052: web/http')
  })

  test('a compose service that is built says how it gets an image', async () => {
    await writeFile(join(directory, 'compose.yml'), 'services:\n  front:\n    build: ./front\n')

    expect(await said('init', join(directory, 'shop'), '--compose', join(directory, 'compose.yml'))).toMatchObject({ exit: 4, text: expect.stringMatching(/nothing was written[\s\S]*services\/front\/image[\s\S]*docker build -t front:1\.0 \.\/front[\s\S]*image: front:1\.0/) })
  })

  test('what is there already is not written over, unless that is asked for', async () => {
    await said('init', directory, '--name', 'shop')

    expect(await said('init', directory, '--name', 'shop', '--image', 'nginx:1')).toMatchObject({ exit: 4, text: expect.stringContaining('there is shop.yml and shop-release.yml already; nothing was written') })
    expect(await said('init', directory, '--name', 'shop', '--image', 'nginx:1', '--force')).toMatchObject({ exit: 0 })
    expect(await said('init', directory, '--image', 'a', '--command', 'b')).toMatchObject({ exit: 2 })
  })
})

/** Nobody listens there. */
let host = 'http://127.0.0.1:1'

async function said(...words: readonly string[]): Promise<{ readonly exit: number; readonly text: string }> {
  let text = ''
  const print = (printed: string) => { text += printed }
  const io: Io = { out: print, err: print, stdin: async () => '', columns: 100, rows: 24, terminal: false, colours: createColors(false), signal: new AbortController().signal, now: () => 0, sleep: async () => undefined }
  return { exit: await run(words, io, { VAMP_HOST: host }), text }
}
