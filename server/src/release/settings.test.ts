import { parseArtifact } from '@vamp/model/parse/document'
import { DEFAULT_SETTINGS } from '@vamp/stats/sequential/settings'
import { expect, test } from 'vitest'
import { judgeSettings } from './settings.ts'

test('a release that wishes nothing is judged as the bench measures it', () => {
  const parsed = parseArtifact('releases', 'name: web\ndeployment: shop\ncluster: web\nto: web:1.1\n')
  if (parsed.is === 'refused') throw new Error('that is no release')

  expect(judgeSettings(parsed.value)).toEqual(DEFAULT_SETTINGS)
})
