/** Each reload of a proxy is told once, with what forced it: reloads should be rare, and never a riddle. */
import type { Logger } from '@vamp/agent/base/log'
import type { AgentReport } from '@vamp/agent/link/link'
import type { EventLog } from '../event/event-log.ts'
import type { Fleet } from '../fleet/fleet.ts'

/** Returns what ends it. Reloads from before the first report of an agent are not told again. */
export function tellReloads({ fleet, events, log }: { fleet: Fleet; events: EventLog; log: Logger }): () => void {
  const seen = new Map<string, number>()
  return fleet.onReport((report: AgentReport) => {
    const before = seen.get(report.agent)
    seen.set(report.agent, report.reloads)
    if (before === undefined || report.reloads <= before || !report.lastReload) return
    const { revision, reasons } = report.lastReload
    events.append([{ tags: [`agents:${report.agent}`, 'gateways:reload'], value: { revision, reasons, reloads: report.reloads } }])
      .catch(error => log.warn('a reload could not be told as an event', { agent: report.agent, reasons, error }))
  })
}
