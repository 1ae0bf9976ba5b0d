import { describe, expect, test } from 'vitest'
import { parseArtifact, parseDeploymentBody, parseImports } from './document.ts'
import type { ImportReference } from './import.ts'

const STORED: Readonly<Record<string, unknown>> = {
  'templates/base': { deployable: 'base', ports: { web: '80' }, arguments: [{ a: '1' }] },
  'templates/more': { ports: { admin: '81' }, arguments: [{ b: '2' }] },
  'breeds/old': { name: 'old', kind: 'breeds', lookup_name: 'x', deployable: { definition: 'old' } },
}
const lookup = ({ kind, name }: ImportReference) => STORED[`${kind}/${name}`]

describe('what a document imports', () => {
  test('is asked for first: templates by name, other kinds with their kind', () => {
    expect(parseImports('import: [base, breed/old]\nname: a')).toEqual({ is: 'ok', value: [{ kind: 'templates', name: 'base' }, { kind: 'breeds', name: 'old' }] })
    expect(parseImports('name: a')).toEqual({ is: 'ok', value: [] })
  })

  test('is merged from left to right, lists joined, its own keys on top', () => {
    const parsed = parseArtifact('breeds', 'name: new\nimport: [base, more]\nports: { web: 8080 }\narguments: [ { c: 3 } ]\n', lookup)

    expect(parsed.is === 'ok' && [parsed.value.name, parsed.value.deployable.definition, parsed.value.ports.map(port => port.number), parsed.value.arguments.map(({ key }) => key)])
      .toEqual(['new', 'base', [8080, 81], ['a', 'b', 'c']])
  })

  test('brings its name only where the document has none', () => {
    const [own, brought] = ['name: a\nimport: breeds/old', 'import: breeds/old'].map(text => parseArtifact('breeds', text, lookup))

    expect([own?.is === 'ok' && own.value.name, brought?.is === 'ok' && brought.value.name]).toEqual(['a', 'old'])
  })

  test('may be in what is sent to a deployment', () => {
    expect(parseDeploymentBody('import: shop', () => ({ name: 'shop', clusters: { web: 'a' } })).is).toBe('ok')
  })

  test.each([
    ['import: []', 'EmptyImportError'], ['import: ~', 'EmptyImportError'], ['import: [{a: b}]', 'ImportDefinitionError'], ['import: a/b/c', 'ImportDefinitionError'],
    ['import: nothing/a', 'ImportDefinitionError'], ['import: missing', 'ImportReferenceError'],
  ])('%s is refused', (text, code) => {
    expect(parseArtifact('breeds', `${text}\nname: a\ndeployable: b`, lookup)).toMatchObject({ is: 'refused', problems: [{ code }] })
  })
})
