import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isInNetwork, parseNetwork } from './ip-network.ts'

function contains(network: string, address: string): boolean {
  const parsed = parseNetwork(network)
  if (!parsed) throw new Error(`${network} is no network`)
  return isInNetwork(address, parsed)
}

test.each([
  ['10.0.0.0/8', '10.255.0.1', true], ['10.0.0.0/8', '11.0.0.1', false], ['10.0.0.0/9', '10.128.0.1', false], ['192.0.2.7', '192.0.2.7', true],
  ['0.0.0.0/0', '8.8.8.8', true], ['2001:db8::/32', '2001:db8:1::7', true], ['2001:db8::/32', '2001:db9::', false], ['::1', '::1', true],
  ['10.0.0.0/8', '::ffff:10.0.0.1', true], ['::/0', '10.0.0.1', false], ['10.0.0.0/8', 'nonsense', false],
])('%s contains %s: %s', (network, address, expected) => {
  expect(contains(network, address)).toBe(expected)
})

test('what is no address is no network', () => {
  expect(['10.0.0.0/33', '10.0.0', '256.0.0.1', '::/129', ':::', '1:2:3:4:5:6:7:8:9', 'x', '', '10.0.0.0/'].map(parseNetwork)).toEqual(Array(9).fill(undefined))
})

test('every address is a network of one', () => {
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), address => {
    expect(contains(address, address)).toBe(true)
  }))
})
