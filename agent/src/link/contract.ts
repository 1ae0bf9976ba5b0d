/** What every link promises, wherever tables come from: the newest table, after every outage; what is said arrives, or is known not to. */
import type { Window } from '@vamp/model/metric'
import type { RoutingTable } from '@vamp/model/routing/table'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contractGateway } from '../proxy/testdata/contract-world.ts'
import type { AgentReport, Link } from './link.ts'

export interface LinkHarness {
  /** The agent's end, of this name. */
  readonly link: Link
  readonly agent: string
  publish(table: RoutingTable): void
  /** What the server has heard. */
  reports(): readonly AgentReport[]
  windows(): readonly Window[]
  /** Everything on the other end is gone at once, and back again with what it had kept. */
  die(): Promise<void>
  comeBack(): Promise<void>
  close(): Promise<void>
}

const POLL = { timeout: 30_000, interval: 50 }

export function linkContract(name: string, open: () => Promise<LinkHarness>): void {
  describe(`a link through ${name}`, () => {
    let harness: LinkHarness
    const told: number[] = []
    let newest: RoutingTable | undefined
    let revision = 10
    beforeAll(async () => {
      harness = await open()
      harness.link.onTable(table => { told.push(table.revision); newest = table })
    }, 60_000)
    afterAll(() => harness.close(), 60_000)
    const publish = (gateways = 1) => {
      const table: RoutingTable = { revision: ++revision, gateways: Array.from({ length: gateways }, (_, index) => contractGateway(`g${index}`, 10_000 + index, { a: { weight: 10_000, to: [{ id: `i-${revision}-${index}`, host: '127.0.0.1', port: 1, state: 'ready' }] } })) }
      harness.publish(table)
      return table
    }
    const report = (acknowledged: number): AgentReport => ({ agent: harness.agent, driver: 'memory', acknowledged, endpoints: [], shares: [], reloads: 0 })
    const window = (sequence: number): Window => ({ agent: harness.agent, sequence, second: 1_700_000_000 + sequence, cells: [], dropped: 0 })

    test('the newest table comes whole, each is newer than the one before, and who asks later gets it at once', async () => {
      for (let count = 0; count < 5; count++) publish()
      const last = publish(2000)

      await expect.poll(() => newest, POLL).toEqual(last)
      expect(told).toEqual([...told].sort((a, b) => a - b))
      const late: number[] = []
      const end = harness.link.onTable(({ revision: found }) => late.push(found))
      expect(late).toEqual([last.revision])
      end()
      const next = publish()
      await expect.poll(() => newest, POLL).toEqual(next)
      expect(late).toEqual([last.revision])
    })

    test('the newest report arrives, and every window', async () => {
      harness.link.report(report(1))
      harness.link.report(report(revision))
      for (const sequence of [1, 2, 3]) await harness.link.deliver(window(sequence))

      await expect.poll(() => harness.reports().at(-1)?.acknowledged, POLL).toBe(revision)
      expect(harness.windows().map(({ sequence }) => sequence)).toEqual([1, 2, 3])
    })

    test('a window that could not be delivered is refused; what was published meanwhile comes when the other end is back', async () => {
      await harness.die()
      harness.link.report(report(1))
      await expect(harness.link.deliver(window(4))).rejects.toThrow()

      await harness.comeBack()
      const next = publish()

      await expect.poll(() => newest, POLL).toEqual(next)
      await expect.poll(() => harness.link.deliver(window(4)).then(() => 'taken', () => 'refused'), POLL).toBe('taken')
      harness.link.report(report(next.revision))
      await expect.poll(() => harness.reports().at(-1)?.acknowledged, POLL).toBe(next.revision)
    }, 90_000)

    test('a server that lost its memory counts from the beginning, and is followed', async () => {
      const first: RoutingTable = { revision: 1, gateways: [] }
      harness.publish(first)

      await expect.poll(() => newest, POLL).toEqual(first)
    })
  })
}
