/**
 * Server and proxy apart, as on two hosts: the server carries no request itself, an agent with a token and a HAProxy does.
 * Then everything is killed that can be, and nobody notices. Real programs throughout.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { findBinary } from '@vamp/agent/proxy/haproxy/process'
import { startVisitors } from '@vamp/cli/demo/visitors'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Apart, kill, openApart, until } from './apart.ts'
import { hasEtcd, hasZookeeper, type Program, startEtcd, startZookeeper } from './links/programs.ts'

const PER_SECOND = 50
/** `CUT_SECONDS=60` for the long one. */
const CUT_SECONDS = Number(process.env['CUT_SECONDS'] ?? 6)

let apart: Apart
let store: Program | undefined

beforeEach(async () => { apart = await openApart() })

afterEach(async () => {
  await apart.close()
  await store?.close()
  store = undefined
})

interface Info { readonly gateway_driver: { readonly revision: number; readonly agents: readonly { readonly acknowledged: number; readonly reloads: number }[] } }

describe.skipIf(findBinary() === undefined)('with HAProxy', () => {
  test('an agent elsewhere carries the requests and measures them; neither its server\'s death nor its own is noticed', async () => {
    const first = await apart.up()
    const edge = apart.agent()
    await apart.openShop()
    const visitors = startVisitors({ host: '127.0.0.1', port: apart.gateway, perSecond: PER_SECOND })
    await until('what the visitors do is measured', async () => await apart.measured() > 2 * PER_SECOND)

    await kill(first.child)
    const before = visitors.visits.requests
    await sleep(4000)
    const whileDown = visitors.visits.requests - before
    await apart.up()
    // The next server knows nothing of what the first one measured.
    await until('what was measured meanwhile arrives', async () => await apart.measured() >= whileDown)
    await kill(edge.child)
    const alone = visitors.visits.requests
    await until('HAProxy serves on its own', () => visitors.visits.requests - alone > 2 * PER_SECOND)
    const again = apart.agent()
    const known = await apart.measured()
    await until('the next agent measures', async () => await apart.measured() > known + 2 * PER_SECOND)
    const { requests, failed } = await visitors.stop()

    expect(whileDown).toBeGreaterThan(PER_SECOND)
    expect(failed, `${failed} of ${requests}\n${edge.said()}\n${again.said()}`).toBe(0)
    expect(again.said()).not.toContain('took no')
  })

  const stores = [{ name: 'etcd', start: startEtcd, there: hasEtcd }, { name: 'ZooKeeper', start: startZookeeper, there: hasZookeeper }]
  test.each(stores.filter(({ there }) => there))('server, $name and agent are killed and stay away: requests go on, and on return nothing is reloaded', { timeout: 150_000 + CUT_SECONDS * 1000 }, async ({ start }) => {
    store = await start()
    const tables = ['--gateway-store', store.address]
    const server = await apart.up(tables)
    const edge = apart.agent(tables)
    await apart.openShop()
    const visitors = startVisitors({ host: '127.0.0.1', port: apart.gateway, perSecond: PER_SECOND })
    await until('what the visitors do is measured', async () => await apart.measured() > 2 * PER_SECOND)

    await store.die()
    await kill(server.child)
    await kill(edge.child)
    const alone = apart.agent(tables)
    await sleep(CUT_SECONDS * 1000)
    expect(visitors.visits.failed).toBe(0)
    const { workers } = apart.haproxy()
    for (const worker of workers) process.kill(worker, 'SIGKILL')
    // What was on its way through the killed process is lost; what comes afterwards is not.
    const answers = async () => (await fetch(`http://127.0.0.1:${apart.gateway}/`)).ok
    await until('HAProxy serves again, by the table that the agent kept', async () => await answers() && workers.every(worker => !apart.haproxy().workers.includes(worker)))
    await sleep(500)
    const lost = visitors.visits.failed
    const whileAway = visitors.visits.requests

    await store.comeBack()
    await apart.up(tables)
    await until('the server hears of what was measured meanwhile', async () => await apart.measured() > 2 * PER_SECOND)
    const carried = async () => { const { gateway_driver: { revision, agents: [agent] } } = await apart.ask('/info') as Info; return { revision, agent } }
    await until('the agent carries what the server says', async () => { const { revision, agent } = await carried(); return agent?.acknowledged === revision })
    const { agent: before, revision } = await carried()
    await apart.vamp('scale', 'shop/web/web:1.0', '3')
    await until('a change arrives through the store', async () => { const { revision: next, agent } = await carried(); return next > revision && agent?.acknowledged === next })
    const after = (await carried()).agent
    const { requests, failed } = await visitors.stop()

    expect(failed - lost, `${failed} of ${requests} failed, ${lost} of them with HAProxy\n${alone.said()}`).toBe(0)
    expect(requests - whileAway).toBeGreaterThan(PER_SECOND)
    // HAProxy's own death is one start, and not one reload for each table that was missed.
    expect(before?.reloads).toBeLessThanOrEqual(1)
    expect(after?.reloads).toBe(before?.reloads)
  })
})
