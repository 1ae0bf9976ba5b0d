import { expect, test } from 'vitest'
import { templateOf } from './templates.ts'

test('a new blueprint takes names and a port that nothing has', () => {
  const text = templateOf('blueprints', { names: new Set(['web:1.0', 'shop', 'shop-2']), ports: new Set([9050, 9051]) })

  expect(text.match(/^name: .*|\d+: web\/http|breed: .*/gm)).toEqual(['name: web-2:1.0', 'name: shop-3', '9052: web/http', 'breed: web-2:1.0'])
})

test('where there is nothing it is as plain as can be', () => {
  expect(templateOf('blueprints').match(/^name: .*|\d+: web\/http/gm)).toEqual(['name: web:1.0', 'name: shop', '9050: web/http'])
})
