import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import { changeLines } from './change-lines.ts'

const gateway = (weight: string) => ({
  name: 'shop/web/http', kind: 'gateways', metadata: {}, sticky: null, virtual_hosts: [], port: '33000/http',
  routes: { 'shop/web/web:1.0/http': { weight: '100%', balance: 'default', condition: null, rewrites: [], priority: 0, limit: 5, mode: 'on', label: 'old' }, 'shop/web/web:1.1/http': { weight, balance: 'default', condition: null } },
})
const told = (before: object, after: object, coloured = false) => changeLines({ do: 'update', kind: 'gateways', name: 'shop/web/http', before, after }, createColors(coloured))

test('of a change that is shown what differs, what stands around it, and of what it is a part', () => {
  expect(told(gateway('0%'), gateway('25%'))).toBe(`gateways/shop/web/http would be changed
    … routes › shop/web/web:1.0/http
        mode: on
        label: old
      shop/web/web:1.1/http:
  -     weight: 0%
  +     weight: 25%
        balance: default
`)
})

test('what is empty is not told of', () => {
  expect(told({ ...gateway('0%'), sticky: 'route' }, { ...gateway('0%'), virtual_hosts: ['a.b'] })).not.toMatch(/null|metadata|\[\]/)
})

test('of something new the beginning is enough', () => {
  const lines = changeLines({ do: 'create', kind: 'breeds', name: 'web:1', before: undefined, after: { name: 'web:1', constants: Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`C${index}`, 'x'])) } }, createColors(false)).split('\n')

  expect(lines.length).toBeLessThan(20)
  expect(lines.at(-2)).toBe('    … 25 more lines')
})

test('on a terminal it is coloured', () => {
  expect(told(gateway('0%'), gateway('25%'), true)).toMatch(/\u001b\[31m- +weight: 0%[\s\S]*\u001b\[32m\+ +weight: 25%/)
})
