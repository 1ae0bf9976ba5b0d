/**
 * Keeps the fleet's table what the store says. There is one table, so there is one name to be woken by; wake-ups come from
 * the store (see `TABLE_KINDS`), from agents' reports, and from the timer.
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { Gateway } from '@vamp/model/gateway'
import { done, type Outcome, type Reconciler } from '../base/reconciler.ts'
import type { EventLog } from '../event/event-log.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Store } from '../store/store.ts'
import { openMirror } from './mirror.ts'
import { OBSERVED_KINDS, observeGateways } from './observe.ts'
import { type Listening, openPlanMemo, planGateways } from './plan.ts'
import { freePort, type PortRange } from './port.ts'

export const ROUTING = 'routing'

export interface GatewayReconcilerOptions {
  readonly store: Store
  readonly events: EventLog
  readonly fleet: Fleet
  readonly log: Logger
  readonly clock: Clock
  /** Both may change while the server runs. */
  readonly listening: () => Listening
  readonly ports: () => PortRange
  /** Whether nothing on the proxies' hosts listens on the port. */
  readonly portFree: (port: number) => Promise<boolean>
}

export function gatewayReconciler(options: GatewayReconcilerOptions): Reconciler {
  const { store, events, fleet, log, clock } = options
  const mirror = openMirror(store, OBSERVED_KINDS, clock)
  const memo = openPlanMemo()
  const assign = async (names: readonly string[], gateways: readonly Gateway[]) => {
    const taken = new Set(gateways.map(({ port }) => port.number))
    for (const name of names) {
      const stored = mirror.list('gateways').find(gateway => gateway.name === name)
      if (!stored) continue
      const number = await freePort(options.ports(), taken, options.portFree)
      taken.add(number)
      await store.put('gateways', name, { ...stored.value, port: { ...stored.value.port, number } }, stored.revision)
    }
  }
  return {
    async reconcile(): Promise<Outcome> {
      const observed = await observeGateways(store, mirror, fleet)
      const plan = planGateways(observed, fleet.table, options.listening(), memo)
      if (plan.publish) {
        log.info('routing table published', { revision: plan.publish.revision, gateways: plan.publish.gateways.length })
        fleet.publish(plan.publish)
      }
      for (const status of plan.putStatuses) await store.put('gateway-statuses', status.name, status)
      for (const name of plan.removeStatuses) await store.delete('gateway-statuses', name)
      if (plan.events.length > 0) await events.append(plan.events)
      if (plan.unassigned.length > 0) await assign(plan.unassigned, observed.gateways)
      return done
    },
  }
}
