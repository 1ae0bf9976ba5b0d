/**
 * Golden pairs: `name.in.yml` is read, and what it is printed as is in `name.out.json`, what is wrong with it in
 * `name.problems.txt`. `UPDATE=1` writes what comes out; look at the difference before it is committed.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeProblems } from '../problem.ts'
import { printJson } from '../print/json.ts'
import { parseDocuments } from './document.ts'

const FOLDER = new URL('./testdata/', import.meta.url)
const UPDATE = process.env['UPDATE'] === '1'
const names = readdirSync(FOLDER).filter(file => file.endsWith('.in.yml')).map(file => file.slice(0, -'.in.yml'.length)).sort()

test.each(names)('%s', name => {
  const parsed = parseDocuments(readFileSync(new URL(`${name}.in.yml`, FOLDER), 'utf8'))
  const [kind, other, content] = parsed.is === 'ok'
    ? ['out.json', 'problems.txt', `${JSON.stringify(parsed.value.map(printJson), null, 2)}\n`]
    : ['problems.txt', 'out.json', `${describeProblems(parsed.problems, name)}\n`]
  const file = new URL(`${name}.${kind}`, FOLDER)
  if (UPDATE) {
    rmSync(new URL(`${name}.${other}`, FOLDER), { force: true })
    writeFileSync(file, content)
  }

  expect(existsSync(new URL(`${name}.${other}`, FOLDER)), `there is a ${name}.${other}, but it is ${parsed.is}`).toBe(false)
  expect(content).toBe(existsSync(file) ? readFileSync(file, 'utf8') : '')
})
