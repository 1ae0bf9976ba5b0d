/** What happens to services, as the original tags it. */
import type { NewEvent } from '@vamp/model/event'

export type Synchronization = 'deployed' | 'redeploy' | 'undeployed' | 'failed'

export function synchronizationEvent(deployment: string, cluster: string, service: string, what: Synchronization, value?: unknown): NewEvent {
  return {
    type: 'synchronization',
    tags: [`deployments:${deployment}`, `clusters:${cluster}`, `services:${service}`, `synchronization:${what}`],
    ...(value === undefined ? {} : { value }),
  }
}
