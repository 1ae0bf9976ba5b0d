import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Body, parseBodies } from '../parse/document.ts'
import { formatDocuments } from './format.ts'

function formatted(text: string) {
  const result = formatDocuments(text)
  return result.is === 'ok' ? result.value : expect.fail(result.problems[0]?.message)
}

test('shorthands are written out, defaults left out, and documents stay in order', () => {
  const text = `
kind: gateways
name: "front"
sticky: ~
port: 9050
routes: {shop/web: {weight: "60 %"}, "b": {weight: 40%}}
---
name: small
kind: scale
memory: 0.5GB
cpu: 500m
`

  expect(formatted(text).text).toBe(`kind: gateway
name: front
port: 9050/http
routes:
  shop/web:
    weight: 60%
  b:
    weight: 40%
---
kind: scale
name: small
cpu: 0.5
memory: 500.00MB
instances: 1
`)
})

test('a deployment stays one, and items of a list become documents', () => {
  const text = '- {kind: deployment, name: shop}\n- {kind: deployments, name: other, clusters: {web: "web:1"}}\n'

  expect(formatted(text).text).toBe(`kind: deployment
name: shop
---
kind: deployment
name: other
clusters:
  web:
    services:
      - breed:
          reference: web:1
`)
})

test('comments are told by their lines, and what only looks like one is not', () => {
  const text = `# first
kind: breed
name: a # after
deployable:
  definition: |
    #!/bin/sh
    echo '# no'
  type: 'x # no'
metadata: [a#b,
  # inside
  c]
`

  expect(formatted(text.replace('[a#b,', '{x: [a#b,').replace('  c]', '  c]}')).comments).toEqual([1, 3, 10])
})

test('nothing is formatted of what has a problem', () => {
  expect(formatDocuments('kind: scale\nname: a\ncpu: lots\nmemory: 1MB')).toMatchObject({ is: 'refused', problems: [{ path: 'cpu', at: { line: 3 } }] })
})

test('a text without documents stays as it is', () => {
  expect(formatted('# nothing yet\n')).toEqual({ text: '# nothing yet\n', comments: [] })
})

const FOLDERS = [join(import.meta.dirname, '../parse/testdata'), join(import.meta.dirname, '../../../../shared/corpus')]

describe.each(FOLDERS.filter(existsSync))('every document that is understood, of %s', folder => {
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => /\.ya?ml$/.test(name))
    .map(name => [name, readFileSync(join(folder, name), 'utf8')] as const).filter(([, text]) => parseBodies(text).is === 'ok')

  test.each(texts)('means the same afterwards, and formatting it again changes nothing: %s', (_, text) => {
    const { text: once } = formatted(text)

    expect(meaning(once)).toEqual(meaning(text))
    expect(formatted(once).text).toBe(once)
  })
})

function meaning(text: string): readonly Omit<Body, 'source'>[] {
  const parsed = parseBodies(text)
  return parsed.is === 'ok' ? parsed.value.map(({ source: _, ...body }) => body) : expect.fail(parsed.problems[0]?.message)
}
