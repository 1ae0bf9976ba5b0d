/** Numbers of the last seconds as columns show them. */
import type { TrafficGroup } from '@vamp/model/api/traffic'
import { milliseconds, percent } from './words.ts'

export interface Numbers { readonly rate: number; readonly errorRate: number | null; /** Milliseconds by percentile; of the busiest where several are added up. */ readonly latency: Readonly<Record<string, number>> }

/** Of several routes or instances together; nothing where nothing was measured. */
export function numbersOf(groups: readonly TrafficGroup[]): Numbers | undefined {
  if (groups.length === 0) return undefined
  const requests = groups.reduce((sum, group) => sum + group.requests, 0)
  const errors = groups.reduce((sum, group) => sum + group.errors, 0)
  const busiest = groups.reduce((most, group) => group.requests > most.requests ? group : most)
  return { rate: groups.reduce((sum, group) => sum + group.rate, 0), errorRate: requests === 0 ? null : errors / requests, latency: busiest.latency_ms }
}

/** Of one version, over all ports of its cluster. */
export function ofVersion(groups: readonly TrafficGroup[], { deployment, cluster, service }: { readonly deployment: string; readonly cluster: string; readonly service: string }): Numbers | undefined {
  return numbersOf(groups.filter(({ gateway = '', route = '' }) => gateway.startsWith(`${deployment}/${cluster}/`) && route.split('/')[2] === service))
}

export const rateText = (numbers: Numbers | undefined): string => numbers === undefined ? '–' : `${numbers.rate >= 100 ? Math.round(numbers.rate) : numbers.rate.toFixed(1)} /s`
export const errorText = (numbers: Numbers | undefined): string => numbers === undefined || numbers.errorRate === null ? '–' : percent(numbers.errorRate * 100)
export const latencyText = (numbers: Numbers | undefined, percentile: string): string => milliseconds(numbers?.latency[percentile])
