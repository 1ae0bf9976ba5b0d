import { FULL_SHARE } from '@vamp/model/routing/table'
import type { Endpoint } from '@vamp/model/routing/table'
import { expect, test } from 'vitest'
import { contractGateway } from '../testdata/contract-world.ts'
import { compact, EMPTY, layOut } from './layout.ts'
import { render } from './render.ts'

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
