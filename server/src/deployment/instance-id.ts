/** Names of instances: readable, unique over all deployments, and the next one is the same for whoever computes it. */
import { createHash } from 'node:crypto'
import type { InstanceStatus } from '@vamp/model/deployment'

/** With the hash and the number the id stays within 63 characters, the limit of container names. */
const READABLE_MAX = 46

/** `shop-web-1-0-3fa9c1`: the hash keeps apart what looks alike after the forbidden characters are gone. */
export function idPrefix(deployment: string, cluster: string, service: string): string {
  const readable = `${deployment}-${service}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').slice(0, READABLE_MAX).replaceAll(/^-+|-+$/g, '') || 'x'
  const hash = createHash('sha256').update(JSON.stringify([deployment, cluster, service])).digest('hex').slice(0, 6)
  return `${readable}-${hash}`
}

/** Ids that no instance has, counting on from the highest number in use. */
export function nextIds(prefix: string, taken: readonly Pick<InstanceStatus, 'id'>[], count: number): readonly string[] {
  const highest = taken.reduce((max, { id }) => Math.max(max, idNumber(prefix, id)), 0)
  return Array.from({ length: count }, (_, index) => `${prefix}-${highest + index + 1}`)
}

/** 0 for an id of another service. */
export function idNumber(prefix: string, id: string): number {
  const rest = id.startsWith(`${prefix}-`) ? id.slice(prefix.length + 1) : ''
  return /^\d+$/.test(rest) ? Number(rest) : 0
}
