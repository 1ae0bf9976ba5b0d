/** What HAProxy says that it carries, compared with what we believe. */
import type { Layout } from './layout.ts'
import { WAITING_SERVER } from './policy-lines.ts'
import { layoutEntries, mapPaths } from './render.ts'
import type { Runtime } from './runtime.ts'

/** The first difference in words; undefined if HAProxy carries the layout. */
export async function difference(runtime: Runtime, layout: Layout, maps: string): Promise<string | undefined> {
  const paths = mapPaths(maps)
  const wanted = layoutEntries(layout, paths)
  for (const path of layout.virtual_hosts ? [paths.generations, paths.hosts] : [paths.generations]) {
    const answer = await runtime.ask(`show map ${path}`)
    if (answer.startsWith('[')) return 'the maps are other ones'
    const found = new Map(answer.split('\n').filter(Boolean).map(line => line.split(' ').slice(1, 3) as [string, string]))
    const entries = wanted.get(path) ?? []
    if (found.size !== new Set(entries.map(([key]) => key)).size) return `${path} has ${found.size} entries`
    for (const [key, value] of entries) if (found.get(key) !== value) return `${key} is ${found.get(key)}, not ${value}`
  }
  return serverDifference(await runtime.ask('show servers state'), layout)
}

const MAINTENANCE = 0x01

function serverDifference(answer: string, layout: Layout): string | undefined {
  const found = new Map<string, string>()
  for (const line of answer.split('\n')) {
    const fields = line.split(' ')
    if (line.startsWith('#') || fields.length < 19) continue
    const [, backend, , server, address, , admin, weight] = fields
    if (!/^b\d+$/.test(backend ?? '')) continue
    const maintained = (Number(admin) & MAINTENANCE) !== 0
    found.set(`${backend}/${server}`, maintained ? 'leaving' : `${address} ${fields[18]} ${weight}`)
  }
  for (const { id, vacant } of layout.slots) if (vacant !== undefined) {
    const key = `${id}/${WAITING_SERVER}`
    if ((found.get(key) !== 'leaving') !== vacant) return `server ${key} is '${found.get(key) ?? 'missing'}'`
    found.delete(key)
  }
  for (const slot of layout.slots) for (const [name, server] of Object.entries(slot.servers)) {
    const key = `${slot.id}/${name}`
    const at = server.address.lastIndexOf(':')
    const host = server.address.slice(0, at).replace(/^\[(.*)\]$/, '$1')
    // It may have been deleted since that was written down.
    if (server.state === 'leaving' && !found.has(key)) continue
    const wanted = server.state === 'leaving' ? 'leaving' : `${host} ${server.address.slice(at + 1)} ${server.state === 'ready' ? 1 : 0}`
    if (found.get(key) !== wanted) return `server ${key} is '${found.get(key) ?? 'missing'}', not '${wanted}'`
    found.delete(key)
  }
  const [extra] = found.keys()
  return extra === undefined ? undefined : `server ${extra} should not be there`
}
