import { expect, test } from 'vitest'
import { aclName, gatewayLookupName, lookupName, routeLookupName } from './lookup-name.ts'

test('names are hashed as the original hashed them', () => {
  expect(lookupName('Deployment', 'sava')).toBe('b745761242ab5566a44b556e62764beed46fa8de')
  expect(lookupName('Deployment', 'shop')).toBe('478a38bf1196276c4a57526b8d072e2926f40637')
  expect(gatewayLookupName('sava:1.0/sava/web')).toBe('271118ac3851077c564ceb0e75f9c05f28e1acdd')
  expect(gatewayLookupName('shop/9050')).toBe('ad435662bed21762d312fba0c76b82be7e86710a')
  expect(routeLookupName('sava:1.0/sava/web', 'sava:1.0/sava/sava:1.0/web')).toBe('1f2c9bf68395805af6ecd4c389c061dfdd24d62d')
  expect(routeLookupName('shop/9050', 'shop/front/web')).toBe('184c6a1a65a779778177a6f1c69272fbd6648879')
  expect(aclName('hdr(host) -i web.sava.sava-1-0.vamp')).toBe('210709510c3942c9')
})

test('zeros in front are dropped', () => {
  expect(routeLookupName('shop/front/web', 'shop/front/front:1/web')).toBe('6c3bf546917c616af9dd42253bfe174efe5f6ef')
})
