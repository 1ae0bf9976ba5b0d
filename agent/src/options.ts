/** What `vamp-agent` is told, by flags and environment; a flag wins. */
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Fault } from '@vamp/model/fault'
import { storeName, storePlace } from './link/store/address.ts'

export interface AgentOptions {
  readonly servers: readonly string[]
  readonly token?: string
  /** Of the key-value store that tables come from; from the server if there is none. */
  readonly store?: string
  /** Tells agents apart; windows are numbered by it. */
  readonly name: string
  readonly gateway: 'auto' | 'haproxy' | 'embedded'
  readonly data: string
  readonly countries?: string
}

export const USAGE = `vamp-agent --server URL [options]

  --server URL      the Vamp server, or several with commas between them (VAMP_HOST)
  --token TEXT      its token (VAMP_TOKEN; seen by others as an argument, so prefer the environment)
  --gateway-store URL  etcd://, zookeeper:// or consul://, where the server leaves its tables (VAMP_GATEWAY_STORE; default: they come from the server)
  --name TEXT       the name of this agent (VAMP_AGENT; default: the host's name)
  --gateway DRIVER  auto, haproxy or embedded (VAMP_GATEWAY; default: auto)
  --countries PATH  for conditions on the country: MaxMind's Country tables in CSV, or lines "network,country" (VAMP_COUNTRIES)
  --data DIR        where the last table and the proxy's files are kept (VAMP_DATA; default: .vamp/agent)
`

/** Throws `Fault('invalid')` with a sentence. */
export function agentOptions(args: readonly string[], environment: Readonly<Record<string, string | undefined>> = process.env): AgentOptions {
  const text = { type: 'string' } as const
  const { values } = parsed(() => parseArgs({ args: [...args], options: { server: text, token: text, name: text, 'gateway-store': text, gateway: text, data: text, countries: text } }))
  const server = values.server ?? environment['VAMP_HOST']
  const servers = server?.split(',').map(each => each.trim()) ?? []
  const wrong = servers.find(each => !/^https?:\/\//.test(each) || !URL.canParse(each))
  if (server === undefined || wrong !== undefined) throw new Fault('invalid', `which server? ${wrong === undefined ? '--server is missing' : `'${wrong}' is no http address`}`)
  const gateway = values.gateway ?? environment['VAMP_GATEWAY'] ?? 'auto'
  if (gateway !== 'auto' && gateway !== 'haproxy' && gateway !== 'embedded') throw new Fault('invalid', `--gateway is auto, haproxy or embedded, not '${gateway}'`)
  const store = values['gateway-store'] ?? environment['VAMP_GATEWAY_STORE']
  if (store !== undefined && !storePlace(store)) throw new Fault('invalid', `--gateway-store is an address such as etcd://127.0.0.1:2379/vamp, not '${storeName(store)}'`)
  const countries = values.countries ?? environment['VAMP_COUNTRIES']
  const token = values.token ?? environment['VAMP_TOKEN']
  return {
    servers, gateway, ...(countries === undefined ? {} : { countries: resolve(countries) }), ...(store === undefined ? {} : { store }), ...(token === undefined ? {} : { token }),
    name: values.name ?? environment['VAMP_AGENT'] ?? hostname(),
    data: resolve(values.data ?? environment['VAMP_DATA'] ?? '.vamp/agent'),
  }
}

function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new Fault('invalid', error instanceof Error ? error.message : String(error))
  }
}
