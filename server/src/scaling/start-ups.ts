/** How long instances take from being ordered to being ready: measured on those that are seen to become it. */
import type { ObservedScaling } from './autoscaler-observe.ts'

/** Weight of the newest. */
const NEWEST = 0.3

export interface StartUps {
  observe(observed: Pick<ObservedScaling, 'instances' | 'statuses'>): void
  /** Seconds. */
  of(deployment: string, service: string): number | undefined
}

export function openStartUps(): StartUps {
  const begun = new Map<string, number>()
  const seconds = new Map<string, number>()
  const keyOf = (deployment: string, service: string) => `${deployment}/${service}`
  return {
    observe({ instances, statuses }) {
      for (const { value } of statuses.values()) for (const { service, start_up: known } of value.services) {
        const key = keyOf(value.deployment, service)
        if (known !== undefined && !seconds.has(key)) seconds.set(key, known)
      }
      const alive = new Set<string>()
      for (const [deployment, all] of instances) for (const { id, service, state, since } of all) {
        alive.add(id)
        if (state === 'starting') { if (!begun.has(id)) begun.set(id, Date.parse(since)); continue }
        const from = begun.get(id)
        begun.delete(id)
        if (state !== 'ready' || from === undefined) continue
        const took = Math.max(0, (Date.parse(since) - from) / 1000)
        const key = keyOf(deployment, service)
        const known = seconds.get(key)
        seconds.set(key, known === undefined ? took : known + NEWEST * (took - known))
      }
      for (const id of begun.keys()) if (!alive.has(id)) begun.delete(id)
    },
    of: (deployment, service) => seconds.get(keyOf(deployment, service)),
  }
}
