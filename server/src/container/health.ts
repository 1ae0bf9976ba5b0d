/**
 * Health checks of breeds, for every driver alike. A new instance is asked often, so that it waits at most a twentieth of its
 * own start for its traffic; failures count only after the initial delay and once per interval. One that was healthy is asked once per
 * interval and is called unhealthy after so many failures in a row as the check says (0: never).
 */
import type { Clock } from '@vamp/agent/base/clock'
import type { HealthCheck } from '@vamp/model/health-check'
import type { ContainerDriver, Observed } from './container-driver.ts'
import { networkProbe } from './network-probe.ts'

/**
 * How long a new instance is left alone between two questions: a share of how long it was asked already, within bounds. The lower one is
 * for one that is alone: several together are asked as often as one, or asking would take the time in which they start.
 */
const EAGER_SHARE = 0.05
const EAGER_MS_MIN = 2
const EAGER_MS_MAX = 250
const INTERVAL_MS_MIN = 100

/** Asks an instance once: nothing when all is well, else why not, as the end of a sentence (`answered 503`). Never throws, also where its signal ends it. */
export type Probe = (instance: Pick<Observed, 'id' | 'host' | 'ports'>, check: HealthCheck, signal: AbortSignal) => Promise<string | undefined> | string | undefined

interface Examined {
  /** State and time of what is examined: a restarted container is another one. */
  readonly since: number
  readonly answers: { health: Observed['health']; reason?: string }[]
  readonly end: AbortController
}

export interface HealthOptions {
  readonly clock: Clock
  readonly probe?: Probe
}

/** The same driver, whose observations say how its instances feel. Whatever was started or observed once is examined until it is gone. */
export function withHealth(driver: ContainerDriver, { clock, probe = networkProbe(clock) }: HealthOptions): ContainerDriver {
  const examined = new Map<string, Examined>()
  /** By deployment, so that looking at one costs nothing for the others. */
  const deployments = new Map<string, ReadonlySet<string>>()
  const listeners = new Set<(id: string) => void>()
  /** Examinations that have had no good answer yet. */
  const eager = new Set<AbortSignal>()

  const forget = (id: string) => {
    examined.get(id)?.end.abort()
    examined.delete(id)
  }
  const examine = (instance: Observed): Examined => {
    const known = examined.get(instance.id)
    if (known?.since === instance.since) return known
    forget(instance.id)
    const entry: Examined = { since: instance.since, answers: instance.health_checks.map(() => ({ health: 'unknown' })), end: new AbortController() }
    examined.set(instance.id, entry)
    for (const [index, check] of instance.health_checks.entries()) {
      void examineForever({ instance, check, clock, probe, eager }, answer => {
        const before = summary(entry).health
        entry.answers[index] = answer
        if (summary(entry).health !== before) for (const listener of listeners) listener(instance.id)
      }, entry.end.signal)
    }
    return entry
  }

  return {
    driver: driver.driver,
    deployables: driver.deployables,
    pauses: driver.pauses,
    pause: (id, signal) => driver.pause(id, signal),
    resume: (id, signal) => driver.resume(id, signal),
    async start(workload, signal) {
      await driver.start(workload, signal)
      // Whoever wanted it may have much to look at, and come to it later.
      const started = await driver.observe(workload.deployment).catch(() => [])
      for (const instance of started) if (instance.id === workload.id && isExamined(instance)) {
        examine(instance)
        deployments.set(workload.deployment, new Set([...deployments.get(workload.deployment) ?? [], instance.id]))
      }
    },
    async stop(id, graceMs, signal) {
      await driver.stop(id, graceMs, signal)
      forget(id)
    },
    async observe(deployment) {
      const all = await driver.observe(deployment)
      const present = Map.groupBy(all.filter(isExamined), instance => instance.deployment)
      for (const name of deployment === undefined ? new Set([...deployments.keys(), ...present.keys()]) : [deployment]) {
        const ids = new Set(present.get(name)?.map(({ id }) => id))
        for (const id of deployments.get(name) ?? []) if (!ids.has(id)) forget(id)
        if (ids.size > 0) deployments.set(name, ids)
        else deployments.delete(name)
      }
      return all.map(instance => isExamined(instance) ? { ...instance, ...summary(examine(instance)) } : instance)
    },
    watch(listener) {
      const unwatch = driver.watch(listener)
      listeners.add(listener)
      return () => { unwatch(); listeners.delete(listener) }
    },
    logs: (id, options, signal) => driver.logs(id, options, signal),
    statistics: (ids, signal) => driver.statistics(ids, signal),
    nodes: () => driver.nodes(),
    setAvailability: (node, availability) => driver.setAvailability(node, availability),
    async [Symbol.asyncDispose]() {
      for (const id of [...examined.keys()]) forget(id)
      listeners.clear()
      await driver[Symbol.asyncDispose]()
    },
  }
}

const isExamined = ({ state, paused, health_checks }: Observed) => state === 'running' && paused !== true && health_checks.length > 0

/** The worst of the answers. */
function summary({ answers }: Examined): Pick<Observed, 'health' | 'reason'> {
  const worst = answers.find(({ health }) => health === 'unhealthy') ?? answers.find(({ health }) => health === 'unknown')
  return { health: worst?.health ?? 'healthy', ...(worst?.reason === undefined ? {} : { reason: worst.reason }) }
}

interface Examination { readonly instance: Observed; readonly check: HealthCheck; readonly clock: Clock; readonly probe: Probe; readonly eager: Set<AbortSignal> }

async function examineForever({ instance, check, clock, probe, eager }: Examination, tell: (answer: { health: Observed['health']; reason?: string }) => void, signal: AbortSignal): Promise<void> {
  const intervalMs = Math.max(check.interval * 1000, INTERVAL_MS_MIN)
  const countsFrom = instance.since + check.initial_delay * 1000
  let health: Observed['health'] = 'unknown'
  let failures = 0
  let failingSince: number | undefined
  let countedAt = Number.NEGATIVE_INFINITY
  const askedSince = clock.monotonic()
  eager.add(signal)
  signal.addEventListener('abort', () => eager.delete(signal), { once: true })
  while (!signal.aborted) {
    const failure = await probe(instance, check, signal)
    if (signal.aborted) return
    const now = clock.now()
    if (failure === undefined) {
      failures = 0
      failingSince = undefined
      health = 'healthy'
      tell({ health })
    } else {
      failingSince ??= now
      if (health !== 'unknown' || (now >= countsFrom && now - countedAt >= intervalMs)) {
        failures++
        countedAt = now
      }
      if (check.failures > 0 && failures >= check.failures) health = 'unhealthy'
      tell({ health, reason: `health check ${nameOf(check)} ${failure}${lasting(now - failingSince)}` })
    }
    if (health !== 'unknown') eager.delete(signal)
    await clock.sleep(health === 'unknown' ? Math.min(eagerMs(clock.monotonic(), askedSince, eager.size), intervalMs) : intervalMs, signal).catch(() => {})
  }
}

/** Several are asked at the same moments, so that those that answer are looked at, and written down, together. */
function eagerMs(nowMs: number, sinceMs: number, together: number): number {
  const ms = Math.min(EAGER_MS_MAX, Math.max(EAGER_MS_MIN * together, EAGER_SHARE * (nowMs - sinceMs)))
  if (together === 1) return ms
  const step = EAGER_MS_MIN * together
  return Math.max(step / 2, Math.round((nowMs + ms) / step) * step - nowMs)
}
const lasting = (ms: number) => ms < 1000 ? '' : ` for ${Math.floor(ms / 1000)} s`
const nameOf = ({ protocol, path, port }: HealthCheck) => protocol.toUpperCase().endsWith('TCP') ? `\`TCP ${port}\`` : `\`GET ${path}\``
