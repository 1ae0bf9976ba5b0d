import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import { fmt, type FmtFlags } from './fmt.ts'

const UGLY = "name: 'small'\nkind: scales\n\ncpu: 500m\nmemory: 64 MB\ninstances: 1\n"
const CANONICAL = 'kind: scale\nname: small\ncpu: 0.5\nmemory: 64.00MB\ninstances: 1\n'

/** What is said and how the files are afterwards; `-` is the standard input. */
async function format(given: Readonly<Record<string, string>>, flags: FmtFlags = {}, paths?: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'vamp-fmt-'))
  try {
    const names = Object.keys(given).filter(name => name !== '-')
    for (const name of names) await writeFile(join(folder, name), given[name] ?? '')
    let said = ''
    const print = (text: string) => { said += text.replaceAll(`${folder}/`, '') }
    const io = { out: print, err: print, stdin: async () => given['-'] ?? '', columns: 100, rows: 24, terminal: false, colours: createColors(false), signal: new AbortController().signal, now: () => 0, sleep: async () => {} }
    const exit = await fmt(io, paths?.map(path => join(folder, path)) ?? Object.keys(given).map(name => name === '-' ? name : join(folder, name)), flags)
    return { said, exit, files: Object.fromEntries(await Promise.all(names.map(async name => [name, await readFile(join(folder, name), 'utf8')]))) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('files are written back in the canonical form, each document in its place', async () => {
  expect(await format({ 'a.yml': `${UGLY}---\n${UGLY.replace('small', 'large')}`, 'b.yml': CANONICAL })).toEqual({
    said: 'a.yml\n1 file changed, 1 as it should be\n', exit: 0,
    files: { 'a.yml': `${CANONICAL}---\n${CANONICAL.replace('small', 'large')}`, 'b.yml': CANONICAL },
  })
})

test('--check changes nothing, and fails where something would change', async () => {
  expect(await format({ 'a.yml': UGLY }, { check: true })).toEqual({ said: 'a.yml\n1 file would change, 0 as they should be\n', exit: 1, files: { 'a.yml': UGLY } })
  expect(await format({ 'a.yml': CANONICAL }, { check: true })).toMatchObject({ exit: 0 })
})

test('a problem in one file leaves all of them alone', async () => {
  const wrong = CANONICAL.replace('0.5', 'lots')

  const { said, exit, files } = await format({ 'a.yml': UGLY, 'b.yml': wrong })

  expect(said).toMatch(/^b\.yml:3:\d+ .*\ncpu: lots\n +\^\n/)
  expect(said).toMatch(/1 file refused, nothing written\n$/)
  expect([exit, files]).toEqual([4, { 'a.yml': UGLY, 'b.yml': wrong }])
})

test('comments are not lost unless that is wanted', async () => {
  const text = `# why\n${UGLY}# how\n`

  expect(await format({ 'a.yml': text })).toEqual({ said: 'a.yml:1 its 2 comments would be lost; --force formats it without them\n1 file refused, nothing written\n', exit: 4, files: { 'a.yml': text } })
  expect(await format({ 'a.yml': text }, { force: true })).toMatchObject({ exit: 0, files: { 'a.yml': CANONICAL } })
})

test('the standard input goes to the standard output', async () => {
  expect(await format({ '-': UGLY })).toMatchObject({ said: `${CANONICAL}1 file changed, 0 as they should be\n`, exit: 0 })
  expect(await format({ '-': UGLY }, { check: true })).toMatchObject({ said: 'stdin\n1 file would change, 0 as they should be\n', exit: 1 })
})

test('of a directory the YAML is formatted and the JSON stays', async () => {
  const json = '{"kind":"scale","name":"small","cpu":0.5,"memory":"64MB"}'

  expect(await format({ 'a.yml': UGLY, 'b.json': json }, {}, ['.'])).toMatchObject({ exit: 0, files: { 'a.yml': CANONICAL, 'b.json': json } })
})
