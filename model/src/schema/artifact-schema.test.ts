import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KINDS } from '../kind.ts'
import { parseSource, plainValue } from '../parse/source.ts'
import { ARBITRARIES } from '../print/artifact-arbitrary.ts'
import { printJson } from '../print/json.ts'
import { artifactSchema, documentSchema } from './artifact-schema.ts'

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allowUnionTypes: true, allErrors: true })
const document = ajv.compile(documentSchema())
const TESTDATA = new URL('../parse/testdata/', import.meta.url)

describe.each(KINDS)('%s', kind => {
  const validate = ajv.compile(artifactSchema(kind))

  test('whatever is printed fits the schema', () => {
    fc.assert(fc.property(ARBITRARIES[kind], artifact => {
      expect([validate(printJson(artifact)), validate.errors]).toEqual([true, null])
    }), { numRuns: 40 })
  })
})

test('whatever the reader accepts fits the schema of documents', () => {
  const accepted = readdirSync(TESTDATA).filter(file => file.endsWith('.out.json')).map(file => file.replace('.out.json', '.in.yml'))

  const refused = accepted.flatMap(file => {
    const source = parseSource(readFileSync(new URL(file, TESTDATA), 'utf8'))
    const values = source.is === 'ok' ? source.value.map(({ root }) => plainValue(root)) : []
    return values.flatMap(value => Array.isArray(value) ? value : [value]).filter(value => !document(value)).map(() => [file, document.errors?.map(error => `${error.instancePath} ${error.message}`)])
  })

  expect(refused).toEqual([])
})

test.each([
  ['an unknown field', { kind: 'breed', name: 'a', deployable: 'x', enviroment_variables: {} }],
  ['a missing field', { kind: 'scale', name: 'a', cpu: 1 }],
  ['a weight without a percent sign', { kind: 'gateway', name: 'a', routes: { b: { weight: 50 } } }],
  ['an unknown kind', { kind: 'bread', name: 'a' }],
  ['a strategy that nobody knows', { kind: 'release', name: 'r', deployment: 'd', cluster: 'c', to: 't', strategy: 'hope' }],
])('%s does not fit', (_, value) => {
  expect(document(value)).toBe(false)
})
