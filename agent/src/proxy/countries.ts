/**
 * Which network is in which country, from files that the user has: MaxMind's GeoLite2 or GeoIP2 Country in CSV (a directory, or one
 * of its `…Blocks….csv` with the `…Locations-en.csv` beside it), or plain lines `network,country`. https://dev.maxmind.com/geoip/docs/databases/city-and-country/#csv-databases
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import { parseNetwork } from '@vamp/model/ip-network'

/** `[network, two letters]`, in the order of the files. Lines without a country are left out. Throws `Fault('invalid')` for what is none of these files. */
export async function readCountries(path: string): Promise<readonly (readonly [network: string, country: string])[]> {
  const found = await stat(path).catch((cause: unknown) => { throw new Fault('invalid', `the countries ${path} cannot be read`, { countries: path }, { cause }) })
  const files = found.isDirectory() ? (await readdir(path)).filter(name => /Blocks-IPv[46]\.csv$/.test(name)).sort().map(name => join(path, name)) : [path]
  if (files.length === 0) throw new Fault('invalid', `there is no …Blocks-IPv4.csv in ${path}`, { countries: path })
  return (await Promise.all(files.map(readOne))).flat()
}

async function readOne(path: string): Promise<readonly (readonly [string, string])[]> {
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/)
  const blocks = lines[0]?.startsWith('network,geoname_id') ?? false
  const places = blocks ? await readPlaces(dirname(path)) : undefined
  const entries: (readonly [string, string])[] = []
  for (const [index, line] of (blocks ? lines.slice(1) : lines).entries()) {
    if (line === '' || line.startsWith('#')) continue
    const [network = '', second = '', third = ''] = line.split(/[,\s]+/)
    const country = places ? places.get(second) ?? places.get(third) : second.toUpperCase()
    if (country === undefined || country === '') continue
    if (!parseNetwork(network) || !/^[A-Z]{2}$/.test(country)) throw new Fault('invalid', `${path}:${index + (blocks ? 2 : 1)}: '${line.slice(0, 60)}' is no line 'network,country'`, { countries: path })
    entries.push([network, country])
  }
  return entries
}

/** geoname id → two letters. */
async function readPlaces(directory: string): Promise<ReadonlyMap<string, string>> {
  const file = (await readdir(directory)).find(name => name.endsWith('Locations-en.csv'))
  if (file === undefined) throw new Fault('invalid', `the file of blocks needs …Locations-en.csv beside it, in ${directory}`, { countries: directory })
  const [head = '', ...lines] = (await readFile(join(directory, file), 'utf8')).split(/\r?\n/)
  const column = head.split(',').indexOf('country_iso_code')
  return new Map(lines.flatMap(line => {
    // Only names, which come later, may be quoted with commas in them.
    const fields = line.split(',')
    const [id, country] = [fields[0], fields[column]]
    return id && country ? [[id, country] as const] : []
  }))
}
