/** An agent whose clock is off is told of once, and again when it is off by something else or right again. */
import type { Logger } from '@vamp/agent/base/log'
import type { EventLog } from '../event/event-log.ts'
import { clockText } from '../fleet/agent-clock.ts'
import type { Fleet } from '../fleet/fleet.ts'

/** Returns what ends it. */
export function tellClocks({ fleet, events, log }: { fleet: Fleet; events: EventLog; log: Logger }): () => void {
  const told = new Map<string, number>()
  return fleet.onReport(({ agent }) => {
    const secondsBehind = fleet.secondsBehind(agent)
    if (secondsBehind === (told.get(agent) ?? 0)) return
    told.set(agent, secondsBehind)
    const clock = clockText(secondsBehind)
    if (clock) log.warn('the clock of an agent is off: what it measures is put where it belongs; set its clock', { agent, clock })
    else log.info('the clock of an agent is right again', { agent })
    void events.append([{ tags: [`agents:${agent}`, 'agents:clock'], value: { agent, seconds_behind: secondsBehind, clock: clock ?? 'its clock is right again' } }])
  })
}
