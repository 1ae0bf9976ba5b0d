/** What HAProxy says that it carries, compared with what we believe. */
import type { LaidServer, Layout, Slot } from './layout.ts'
import { WAITING_SERVER } from './policy-lines.ts'
import { layoutEntries, mapPaths } from './render.ts'
import type { Runtime } from './runtime.ts'
import { serverAddress, serverName } from './server.ts'

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

/**
 * The layout with the servers that HAProxy has: a process that was killed may not have come to write its last changes of them down.
 * What has another name than its instance stays unknown.
 */
export async function withServersFound(runtime: Runtime, layout: Layout): Promise<Layout> {
  const found = serversIn(await runtime.ask('show servers state'))
  const slots = layout.slots.map((slot): Slot => {
    const here = found.get(slot.id) ?? new Map<string, FoundServer>()
    const servers = [...here].flatMap(([name, server]): [string, LaidServer][] => {
      const id = slot.servers[name]?.id ?? name
      return name === WAITING_SERVER || serverName(id) !== name ? [] : [[name, { id, address: serverAddress(server.host, server.port), state: stateOf(server) }]]
    })
    const waiting = here.get(WAITING_SERVER)
    return { ...slot, servers: Object.fromEntries(servers), ...(slot.vacant === undefined || !waiting ? {} : { vacant: !waiting.maintained }) }
  })
  return { ...layout, slots }
}

interface FoundServer { readonly host: string; readonly port: number; readonly maintained: boolean; readonly weight: string }

const stateOf = ({ maintained, weight }: FoundServer): LaidServer['state'] => maintained ? 'leaving' : weight === '0' ? 'draining' : 'ready'

const MAINTENANCE = 0x01

/** By backend and name. */
function serversIn(answer: string): ReadonlyMap<string, ReadonlyMap<string, FoundServer>> {
  const found = new Map<string, Map<string, FoundServer>>()
  for (const line of answer.split('\n')) {
    const fields = line.split(' ')
    if (line.startsWith('#') || fields.length < 19) continue
    const [, backend = '', , server = '', host = '', , admin, weight = ''] = fields
    if (!/^b\d+$/.test(backend)) continue
    const servers = found.get(backend) ?? new Map<string, FoundServer>()
    found.set(backend, servers.set(server, { host, port: Number(fields[18]), maintained: (Number(admin) & MAINTENANCE) !== 0, weight }))
  }
  return found
}

function serverDifference(answer: string, layout: Layout): string | undefined {
  const told = ({ host, port, maintained, weight }: FoundServer) => maintained ? 'leaving' : `${host} ${port} ${weight}`
  const found = new Map<string, string>([...serversIn(answer)].flatMap(([backend, servers]) => [...servers].map(([name, server]) => [`${backend}/${name}`, told(server)] as const)))
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
