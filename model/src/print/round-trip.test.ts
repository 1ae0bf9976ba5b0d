import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KINDS } from '../kind.ts'
import { artifactOf, parseArtifact } from '../parse/document.ts'
import { ARBITRARIES } from './artifact-arbitrary.ts'
import { printJson } from './json.ts'
import { printYaml } from './yaml.ts'

const RUNS = { numRuns: 60 }

describe.each(KINDS)('%s', kind => {
  test('printed as JSON they are read back the same', () => {
    fc.assert(fc.property(ARBITRARIES[kind], artifact => {
      const text = JSON.stringify(printJson(artifact))
      expect(parseArtifact(kind, text)).toEqual({ is: 'ok', value: artifact })
    }), RUNS)
  })

  test('printed as YAML they are read back the same', () => {
    fc.assert(fc.property(ARBITRARIES[kind], artifact => {
      expect(parseArtifact(kind, printYaml(artifact))).toEqual({ is: 'ok', value: artifact })
    }), RUNS)
  })

  test('as plain data they are read back the same', () => {
    fc.assert(fc.property(ARBITRARIES[kind], artifact => {
      expect(artifactOf(kind, printJson(artifact))).toEqual({ is: 'ok', value: artifact })
    }), RUNS)
  })
})
