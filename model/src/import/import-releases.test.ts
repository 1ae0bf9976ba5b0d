/** Pairs in `testdata`: `*.in.yml` as others write it, `*.out.yml` as a release. `UPDATE=1` writes the right side. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseBodies } from '../parse/document.ts'
import { importReleases } from './import-releases.ts'

const FOLDER = join(import.meta.dirname, 'testdata')
const names = readdirSync(FOLDER).filter(name => name.endsWith('.in.yml'))

test.each(names)('%s is carried over as written, and what comes out is a release', name => {
  const imported = importReleases(readFileSync(join(FOLDER, name), 'utf8'))

  if (imported.is === 'refused') throw new Error(imported.problems[0]?.message)
  const golden = join(FOLDER, name.replace('.in.yml', '.out.yml'))
  if (process.env['UPDATE']) writeFileSync(golden, imported.value)
  expect(imported.value).toBe(readFileSync(golden, 'utf8'))
  const read = parseBodies(imported.value)
  expect(read.is === 'ok' && read.value.every(body => body.is === 'artifact' && body.artifact.kind === 'releases')).toBe(true)
})

test('what the original cannot know may be given', () => {
  const imported = importReleases('kind: Canary\nmetadata: {name: web}\nspec: {}\n', { deployment: 'shop', to: 'web:2' })

  expect(imported.is === 'ok' && imported.value).toContain('deployment: shop\ncluster: web\nto: web:2\n')
})

test('a file without a release of theirs is refused', () => {
  expect(importReleases('kind: Deployment\nmetadata: {name: web}\n')).toEqual(expect.objectContaining({ is: 'refused' }))
  expect(importReleases('kind: [').is).toBe('refused')
})

test('nonsense where something is expected is passed over', () => {
  const imported = importReleases('kind: Canary\nmetadata: web\nspec: {analysis: {interval: soon, stepWeight: many, metrics: 7, match: [3], webhooks: {a: 1}}}\n---\nkind: Rollout\nspec: {strategy: {canary: {steps: [1, {pause: 3}, {setWeight: x}]}}}\n')

  expect(imported.is).toBe('ok')
})
