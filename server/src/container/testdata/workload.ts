import type { Workload } from '../container-driver.ts'

/** The identity that all test workloads share. */
export const TEST_WORKLOAD: Omit<Workload, 'id' | 'deployable'> = {
  deployment: 'shop', cluster: 'web', service: 'web:1.0', arguments: [], environment: {}, ports: [{ name: 'web', number: 8080, type: 'http' }],
  cpu: 0.1, memory: 64, dialect: {}, health_checks: [], digest: 'd1',
}
