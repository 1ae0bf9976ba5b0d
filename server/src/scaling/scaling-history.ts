/** What every autoscaler saw and did second by second: the charts' hour. Bounded, in memory; signals themselves are in the traffic series. */
import type { AutoscalerStatus, ScalingPoint } from '@vamp/model/autoscaler-status'

/** Points of one version. */
const POINTS_MAX = 3600
/** Versions that are remembered. */
const VERSIONS_MAX = 2000

export interface ScalingHistory {
  add(autoscaler: string, service: string, point: ScalingPoint): void
  /** Oldest first. */
  read(autoscaler: string, service: string, since: number): readonly ScalingPoint[]
  /** As of the last look, where the stored one may be some seconds old. */
  tell(status: AutoscalerStatus): void
  status(autoscaler: string): AutoscalerStatus | undefined
  forget(autoscaler: string): void
}

export function openScalingHistory(): ScalingHistory {
  const versions = new Map<string, ScalingPoint[]>()
  const statuses = new Map<string, AutoscalerStatus>()
  return {
    add(autoscaler, service, point) {
      const key = `${autoscaler}\n${service}`
      const points = versions.get(key) ?? []
      if (!versions.has(key) && versions.size >= VERSIONS_MAX) { const oldest = versions.keys().next().value; if (oldest !== undefined) versions.delete(oldest) }
      versions.set(key, points)
      if (points.at(-1)?.at === point.at) points.pop()
      points.push(point)
      if (points.length > POINTS_MAX) points.splice(0, points.length - POINTS_MAX)
    },
    read: (autoscaler, service, since) => (versions.get(`${autoscaler}\n${service}`) ?? []).filter(({ at }) => at >= since),
    tell(status) { statuses.set(status.name, status) },
    status: autoscaler => statuses.get(autoscaler),
    forget(autoscaler) { statuses.delete(autoscaler); for (const key of versions.keys()) if (key.startsWith(`${autoscaler}\n`)) versions.delete(key) },
  }
}
