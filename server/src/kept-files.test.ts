import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silent } from '@vamp/agent/base/log'
import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, onTestFinished, test } from 'vitest'
import { keepFiles } from './kept-files.ts'

test('files that are taken away are there again as they were, also those that came later; what took their place is left alone', async () => {
  const root = mkdtempSync(join(tmpdir(), 'vamp-kept-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const directory = join(root, 'data')
  const [clock, told] = [virtualClock(), [] as string[]]
  const end = keepFiles(directory, ['early', 'late'], { clock, log: { ...silent, warn: message => { told.push(message) }, error: message => { told.push(message) } } })
  const put = (name: string, text: string) => writeFileSync(join(directory, name), text)
  const texts = () => ['early', 'late'].map(name => readFileSync(join(directory, name), 'utf8'))
  mkdirSync(directory)
  put('early', 'first')
  await clock.advance(1000)
  put('late', 'second')
  await clock.advance(1000)
  rmSync(directory, { recursive: true })
  writeFileSync(directory, 'in the way')
  await clock.advance(3000)
  rmSync(directory)
  await clock.advance(1000)
  expect(texts()).toEqual(['first', 'second'])
  put('early', 'another one')
  await clock.advance(1000)
  expect(texts()).toEqual(['another one', 'second'])
  const again = 'a file of the data directory was taken away, and is there again'
  expect(told).toEqual(['files of the data directory were taken away, and cannot be written anew', again, again])

  end()
  rmSync(directory, { recursive: true })
  await clock.advance(5000)
  expect(() => texts()).toThrow('ENOENT')
})
