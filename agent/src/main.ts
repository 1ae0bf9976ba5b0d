/** `vamp-agent`: an agent and its proxy as a program of their own, beside a server somewhere else. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '@vamp/model/fault'
import { startAgent } from './agent.ts'
import { steady, systemClock } from './base/clock.ts'
import { lineLog } from './base/line-log.ts'
import type { Logger } from './base/log.ts'
import { openHttpLink, type OpenLink } from './link/http.ts'
import { storeName } from './link/store/address.ts'
import { withTableFile, writeWhole } from './link/table-file.ts'
import { agentOptions, type AgentOptions, USAGE } from './options.ts'
import type { Proxy as ProxyPort } from './proxy/proxy.ts'
import { openSequence, type SequenceStore } from './traffic/sequence.ts'

// What is measured, told and sent goes by one time.
const clock = steady(systemClock)
const STOP_GRACE_MS = 5_000

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) { process.stdout.write(USAGE); return }
  const options = agentOptions(args)
  const log = lineLog(clock, line => process.stderr.write(line))
  const proxy = await openProxy(options, log)
  const link = await openLink(options, log)
  const agent = await startAgent({
    name: options.name, proxy, clock, log,
    link: await withTableFile(link, join(options.data, 'table.json'), log), sequence: await openSequence(sequenceFile(join(options.data, 'sequence'))),
  })
  log.info('agent started', { name: options.name, server: options.servers.join(', '), ...(options.store === undefined ? {} : { tables: storeName(options.store) }), gateway: proxy.driver })
  await new Promise<void>(resolve => { for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve()) })
  // HAProxy goes on without us; what is in this process finishes what it has begun.
  await (proxy.driver === 'haproxy' ? proxy.detach() : proxy.stop(STOP_GRACE_MS))
  await agent[Symbol.asyncDispose]()
  await link[Symbol.asyncDispose]()
  log.info('agent ended', { name: options.name })
}

async function openLink({ servers, name, token, store: address }: AgentOptions, log: Logger): Promise<OpenLink> {
  const talk = { servers, agent: name, clock, log, ...(token === undefined ? {} : { token }) }
  if (address === undefined) return openHttpLink(talk)
  const [{ openStore }, { storeTables }] = await Promise.all([import('./link/store/open-store.ts'), import('./link/store-tables.ts')])
  const { store, prefix } = await openStore(address, clock)
  const link = openHttpLink(talk, storeTables({ store, prefix, clock, log }))
  return {
    ...link,
    async [Symbol.asyncDispose]() {
      await link[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

async function openProxy({ gateway, data, countries }: AgentOptions, log: Logger): Promise<ProxyPort> {
  const { findBinary } = await import('./proxy/haproxy/process.ts')
  if (gateway === 'haproxy' || (gateway === 'auto' && findBinary() !== undefined)) {
    const [{ openHaproxy }, { socketDirectory }] = await Promise.all([import('./proxy/haproxy/haproxy.ts'), import('./proxy/haproxy/socket-directory.ts')])
    return await openHaproxy({ directory: socketDirectory(data), clock, log, ...(countries === undefined ? {} : { countries }) })
  }
  const { openEmbedded } = await import('./proxy/embedded/embedded.ts')
  const { openCountryLookup } = await import('./proxy/country-lookup.ts')
  return openEmbedded({ clock, log, random: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48, ...(countries === undefined ? {} : { countries: await openCountryLookup(countries, { clock, log }) }) })
}

function sequenceFile(file: string): SequenceStore {
  return {
    load: async () => Number(await readFile(file, 'utf8').catch(() => '0')) || 0,
    save: reserved => writeWhole(file, String(reserved)),
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(error instanceof Fault ? `vamp-agent: ${error.message}\n${error.code === 'invalid' ? `\n${USAGE}` : ''}` : `${error instanceof Error ? error.stack : error}\n`)
  process.exitCode = error instanceof Fault && error.code === 'invalid' ? 2 : 1
}
