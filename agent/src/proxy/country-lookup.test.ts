import { expect, test } from 'vitest'
import { countryFinder } from './country-lookup.ts'

test('the smallest network that holds an address tells its country', () => {
  const find = countryFinder([['10.0.0.0/8', 'GB'], ['10.1.0.0/16', 'NL'], ['10.1.2.128/25', 'DE'], ['10.1.2.3', 'FR'], ['2a02::/32', 'NL'], ['2a02:0:1::/47', 'BE']])
  expect(['10.9.9.9', '10.1.9.9', '10.1.2.129', '10.1.2.127', '10.1.2.3', '11.0.0.1', '2a02::1', '2a02:0:0:8::1', '2a02:0:1::9', '2a03::1', '::ffff:10.1.2.3', 'nonsense'].map(find))
    .toEqual(['GB', 'NL', 'DE', 'NL', 'FR', '', 'BE', 'BE', 'BE', '', 'FR', ''])
})
