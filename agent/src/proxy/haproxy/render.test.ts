import { FULL_SHARE } from '@vamp/model/routing/table'
import type { Endpoint } from '@vamp/model/routing/table'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contractGateway } from '../testdata/contract-world.ts'
import { compact, EMPTY, layOut } from './layout.ts'
import { changedFiles, render } from './render.ts'

const endpoint = (id: string, port: number, state: Endpoint['state'] = 'ready'): Endpoint => ({ id, host: '10.0.0.1', port, state })
const settings = { maps: '/run/vamp/a', adminSocket: '/run/vamp/admin.sock', tickSocket: '/run/vamp/tick.sock', waitingSocket: '/run/vamp/waiting.sock', secret: '5ec7e7', hardStopSeconds: 3_600 }

test('a layout is this configuration and these maps', async () => {
  const layout = compact(layOut(EMPTY, {
    revision: 1, virtual_hosts: { address: '0.0.0.0', port: 80 },
    gateways: [
      contractGateway('shop/9050', 9_050, {
        'shop/web/web:1.0': { weight: 9_980, to: [endpoint('web-1', 31_000), endpoint('web-2', 31_001, 'draining')] },
        'shop/web/web:1.1': {
          weight: 20, strength: 500, to: [endpoint('web-3', 31_002)],
          condition: { is: 'and', left: { is: 'user_agent', value: 'Safari' }, right: { is: 'not', operand: { is: 'cookie', name: 'no-beta' } } },
        },
      }, { sticky: 'instance', virtual_hosts: ['Shop.example'] }),
      contractGateway('users', 9_051, { inner: { weight: FULL_SHARE, to: 'shop/9050' } }, { split: { by: 'cookie', name: 'user' } }),
      contractGateway('db', 5_432, { primary: { weight: FULL_SHARE, to: [endpoint('db-1', 5_433)] } }, { mode: 'tcp' }),
    ],
  }))
  // Spares are all alike: one of each kind is enough to read.
  const spare = layout.slots.filter(({ owner }) => !owner)
  const shown = spare.filter(({ mode }, index) => spare.findIndex(each => each.mode === mode) === index)
  const files = render({ ...layout, slots: [...layout.slots.filter(({ owner }) => owner), ...shown] }, settings)

  await expect(files.config).toMatchFileSnapshot('testdata/shop.cfg')
  await expect([...files.maps].map(([path, text]) => `# ${path}\n${text}`).join('\n')).toMatchFileSnapshot('testdata/shop.maps')
})

test('what is written of a change leaves the files as if all had been written', () => {
  const route = fc.record({
    weight: fc.integer({ min: 0, max: 5_000 }), strength: fc.integer({ min: 0, max: FULL_SHARE }), to: fc.subarray([endpoint('e1', 1), endpoint('e2', 2, 'draining'), endpoint('e3', 3)]),
    condition: fc.option(fc.constantFrom({ is: 'header' as const, name: 'x' }, { is: 'path' as const, match: 'is' as const, value: '/' }), { nil: undefined }),
  }).map(({ condition, ...rest }) => condition ? { ...rest, condition } : rest)
  const parts = fc.record({ a: route, b: fc.option(route, { nil: undefined }), sticky: fc.constantFrom('none' as const, 'route' as const, 'instance' as const), hosts: fc.subarray(['one.example', 'two.example']), tcp: fc.boolean() })
  const tables = fc.array(fc.array(fc.option(parts, { nil: 'as before' as const, freq: 2 }), { minLength: 3, maxLength: 3 }), { minLength: 2, maxLength: 5 })
  fc.assert(fc.property(tables, fc.boolean(), (steps, hosts) => {
    let [layout, gateways] = [compact(EMPTY), [] as ReturnType<typeof contractGateway>[]]
    let files = new Map<string, string>()
    for (const [revision, step] of steps.entries()) {
      gateways = step.flatMap((wanted, at) => {
        if (wanted === 'as before') { const before = gateways.find(({ name }) => name === `g${at}`); return before ? [before] : [] }
        const { a, b, sticky, hosts: names, tcp } = wanted
        const { condition: _, ...plain } = { condition: undefined, ...a }
        return [contractGateway(`g${at}`, 9_000 + at, tcp ? { a: plain } : { a, ...(b ? { b } : {}) }, tcp ? { mode: 'tcp' } : { sticky, virtual_hosts: names })]
      })
      const next = layOut(layout, { revision, gateways, ...(hosts ? { virtual_hosts: { address: '0.0.0.0', port: 80 } } : {}) })
      const changed = changedFiles(layout, next, settings)
      files = new Map([...files, ...changed.maps, ...(changed.config === undefined ? [] : [['config', changed.config] as const])])
      const whole = render(next, settings)
      if (revision === 0) files = new Map([...whole.maps, ['config', whole.config]])
      const wanted = new Map([...whole.maps, ['config', whole.config]])
      for (const [path, text] of wanted) expect([path, files.get(path)]).toEqual([path, text])
      layout = next
    }
  }), { numRuns: 60 })
})
