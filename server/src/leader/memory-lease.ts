/** The lease without a database: for tests with a clock of their own. */
import type { Clock } from '@vamp/agent/base/clock'
import { LEASE_MS, type Lease } from './lease.ts'

export function openMemoryLease(clock: Clock): Lease {
  let current = { holder: '', url: '', fence: 0, until: 0 }
  return {
    async take({ holder, url }) {
      if (current.until > clock.monotonic() && current.holder !== holder) return { is: 'held', url: current.url }
      current = { holder, url, fence: current.fence + 1, until: clock.monotonic() + LEASE_MS }
      return { is: 'taken', fence: current.fence }
    },
    async renew({ holder }, fence) {
      if (current.holder !== holder || current.fence !== fence) return false
      current = { ...current, until: clock.monotonic() + LEASE_MS }
      return true
    },
    async release({ holder }, fence) { if (current.holder === holder && current.fence === fence) current = { ...current, until: 0 } },
  }
}
