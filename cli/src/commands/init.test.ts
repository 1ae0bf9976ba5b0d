import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createColors } from 'picocolors'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
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
    await writeFile(join(directory, 'compose.yml'), 'services:\n  front:\n    image: nginx:1.29\n    ports: ["8080:80"]\n    depends_on: [api]\n  api:\n    image: shop/api:2.1\n    ports: ["3000"]\n')

    await said('init', join(directory, 'shop'), '--compose', join(directory, 'compose.yml'))

    expect(await readFile(join(directory, 'shop/shop.yml'), 'utf8')).toMatch(/9050: front\/port_80[\s\S]*definition: shop\/api:2\.1/)
    expect(await readFile(join(directory, 'shop/shop-release.yml'), 'utf8')).toMatch(/port_80: 80\/http[\s\S]*cluster: front/)
    expect(await said('lint', join(directory, 'shop'))).toMatchObject({ exit: 0 })
  })

  test('the server that it tells to start is one that runs what was written', async () => {
    expect((await said('init', join(directory, 'a'), '--image', 'nginx:1.29')).text).toContain('vamp up --containers docker ')
    expect((await said('init', join(directory, 'b'), '--command', 'node server.js')).text).toMatch(/vamp up +#/)
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

async function said(...words: readonly string[]): Promise<{ readonly exit: number; readonly text: string }> {
  let text = ''
  const print = (printed: string) => { text += printed }
  const io: Io = { out: print, err: print, stdin: async () => '', columns: 100, rows: 24, terminal: false, colours: createColors(false), signal: new AbortController().signal, now: () => 0, sleep: async () => undefined }
  return { exit: await run(words, io, {}), text }
}
