import { expect, test } from 'vitest'
import { storeName, storePlace } from './address.ts'

test('addresses have a scheme, members with ports of their own, a prefix, and who asks', () => {
  expect(storePlace('etcd://one,two:1234/team/vamp/')).toEqual({ scheme: 'etcd', addresses: ['http://one:2379', 'http://two:1234'], prefix: 'team/vamp' })
  expect(storePlace('etcds://root:p%40ss@[::1]:2379')).toEqual({ scheme: 'etcds', addresses: ['https://[::1]:2379'], prefix: 'vamp', user: 'root', password: 'p@ss' })
  expect(storePlace('zookeeper://a,b,c')).toEqual({ scheme: 'zookeeper', addresses: ['a:2181', 'b:2181', 'c:2181'], prefix: 'vamp' })
  expect(storePlace('consul://token@127.0.0.1/x')).toEqual({ scheme: 'consul', addresses: ['http://127.0.0.1:8500'], prefix: 'x', user: 'token' })
})

test('what is no address is none, and nobody is shown what opens one', () => {
  for (const wrong of ['', 'etcd://', 'redis://a', 'http://a', 'etcd://a b', 'etcd://a:port', 'etcd://a?x=1']) expect(storePlace(wrong)).toBeUndefined()
  expect(storeName('etcd://root:secret@a:1/x')).toBe('etcd://a:1/x')
})
