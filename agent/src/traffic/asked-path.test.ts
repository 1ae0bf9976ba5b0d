import { PATH_MAX } from '@vamp/model/failed-requests'
import { expect, test } from 'vitest'
import { askedPath } from './asked-path.ts'

test.each([
  ['/', '/'], ['/cart', '/cart'], ['/v2/items', '/v2/items'], ['/cart?token=secret#top', '/cart'], ['*', '*'], ['', ''],
  ['/orders/17', '/orders/:id'], ['/orders/17/lines/3', '/orders/:id/lines/:id'], ['/orders/order-20261129.json', '/orders/order-:id.json'],
  ['/users/0b5f3a52-6a3c-4f53-9f4f-0a1f3a9f8c11/cart', '/users/:id/cart'], ['/files/d41d8cd98f00b204e9800998ecf8427e', '/files/:id'], ['/of/2026-11-29', '/of/:id'],
  ['/facade/decade', '/facade/decade'], ['/by/eve@example.org', '/by/:id'], ['/by/eve%40example.org', '/by/:id'], [`/reset/${'Kq'.repeat(30)}`, '/reset/:id'],
  ['/of/V1StGXR8_Z5jdHi6B-myT', '/of/:id'], ['/of/01ARZ3NDEKTSV4RRFFQ69G5FAV/x', '/of/:id/x'], ['/customers/cus_9s6XKzkNRiz8i3', '/customers/:id'],
  ['/oauth2/v2/utf8-to-h264', '/oauth2/v2/utf8-to-h264'], ['/app.1.2.3-rc4.js', '/app.1.2.3-rc4.js'], ['/cart;jsessionid=abc/items;v=2', '/cart/items'], ['/a b', '/a%20b'],
  ['/caf\u00c3\u00a9', '/caf%C3%A9'], ['/\u009b31m\u001b', '/%9B31m%1B'], ['/a:b|c', '/a:b|c'], ['http://eve:secret@host/x', 'http://:id/x'],
])('%s is counted as %s', (path, counted) => {
  expect(askedPath(path)).toBe(counted)
})

test('a path without end is cut', () => {
  const counted = askedPath('/deep'.repeat(10_000))
  expect(counted).toHaveLength(PATH_MAX)
  expect(counted.endsWith('…')).toBe(true)
})
