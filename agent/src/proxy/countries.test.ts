import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readCountries } from './countries.ts'

let directory: string
beforeEach(() => { directory = mkdtempSync('/tmp/vamp-countries-') })
afterEach(() => { rmSync(directory, { recursive: true }) })
const write = (name: string, text: string) => { writeFileSync(`${directory}/${name}`, text); return `${directory}/${name}` }

test('MaxMind\'s tables are read as they come, both families, by where the network is or where it is registered', async () => {
  write('GeoLite2-Country-Locations-en.csv', 'geoname_id,locale_code,continent_code,continent_name,country_iso_code,country_name,is_in_european_union\n2635167,en,EU,Europe,GB,"United Kingdom",0\n6255148,en,EU,Europe,,,0\n2750405,en,EU,Europe,NL,"The Netherlands, so called",1\n')
  write('GeoLite2-Country-Blocks-IPv4.csv', 'network,geoname_id,registered_country_geoname_id,represented_country_geoname_id,is_anonymous_proxy,is_satellite_provider\n2.16.0.0/13,2635167,2635167,,0,0\n5.1.0.0/16,,2750405,,0,0\n5.2.0.0/16,6255148,,,0,0\n')
  write('GeoLite2-Country-Blocks-IPv6.csv', 'network,geoname_id\n2a02::/32,2750405\n')

  expect(await readCountries(directory)).toEqual([['2.16.0.0/13', 'GB'], ['5.1.0.0/16', 'NL'], ['2a02::/32', 'NL']])
})

test('plain lines will do', async () => {
  expect(await readCountries(write('own.csv', '# ours\n10.0.0.0/8,gb\n192.168.0.0/16 NL\n\n'))).toEqual([['10.0.0.0/8', 'GB'], ['192.168.0.0/16', 'NL']])
})

test('what is none of these files is refused with its line', async () => {
  await expect(readCountries(write('x.csv', '10.0.0.0/8,GB\nnonsense,GB\n'))).rejects.toThrow(/x\.csv:2/)
  await expect(readCountries(`${directory}/none`)).rejects.toThrow(/cannot be read/)
})
