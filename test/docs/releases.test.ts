/** The page about releases is held to what is true. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseArtifact } from '@vamp/model/parse/document'
import { printJson } from '@vamp/model/print/json'

const PAGE = readFileSync(new URL('../../docs/releases.md', import.meta.url), 'utf8')
const examples = [...PAGE.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)

test('every example on the page is a release', () => {
  const parsed = examples.map(text => parseArtifact('releases', text))

  expect(parsed.map(({ is }) => is)).toEqual(['ok', 'ok'])
})

test('every field of a release is explained, and its default is the one that is told', () => {
  const parsed = parseArtifact('releases', examples[0] ?? '')
  if (parsed.is === 'refused') throw new Error('the first example is no release')
  const printed = printJson(parsed.value) as Readonly<Record<string, unknown>>
  const explained = new Map([...PAGE.matchAll(/^\| `([\w.]+)`(?:, `(\w+)`)? \|.*\| (.*) \|$/gm)].flatMap(([, first = '', second, fallback = '']) => [[first, fallback], ...(second ? [[second, fallback]] : [])] as [string, string][]))

  const fields = Object.keys(printed).filter(field => !['name', 'kind', 'metadata', 'clock', 'exposure'].includes(field))
  expect(fields.filter(field => !explained.has(field))).toEqual([])
  expect(Object.keys(printed['clock'] as object).filter(field => !explained.has(`clock.${field}`))).toEqual([])
  expect([explained.get('confidence'), explained.get('exposure.bad_requests'), explained.get('keep'), explained.get('clock.minimum'), explained.get('clock.hold_back')])
    .toEqual([`\`${String(printed['confidence'])}\``, '`200`', '`30m`', '`5m`', '`15m`'])
  expect([parsed.value.exposure.bad_requests, parsed.value.keep, parsed.value.clock]).toEqual([200, 1800, { minimum: 300, maximum: 1800, warm_up: 30, load_check: 120, hold_back: 900 }])
})
