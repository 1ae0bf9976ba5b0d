/** What an instance learns of itself, whatever runs it. */
import type { Workload } from './container-driver.ts'

/**
 * The names that the driver sets win: an instance that listens elsewhere than on its `PORT` could never be reached.
 * `ports`: port name → the number that it is to listen on.
 */
export function instanceEnvironment(workload: Workload, ports: Readonly<Record<string, number>>): Record<string, string> {
  const numbers = workload.ports.flatMap(({ name }) => ports[name] === undefined ? [] : [[`PORT_${environmentName(name)}`, String(ports[name])] as const])
  const [first] = numbers
  return {
    ...workload.environment,
    ...Object.fromEntries(numbers),
    ...(first ? { PORT: first[1] } : {}),
    VAMP_DEPLOYMENT: workload.deployment,
    VAMP_CLUSTER: workload.cluster,
    VAMP_SERVICE: workload.service,
    VAMP_INSTANCE: workload.id,
  }
}

/** As Docker's APIs want it. */
export function environmentLines(workload: Workload, ports: Readonly<Record<string, number>>): string[] {
  return Object.entries(instanceEnvironment(workload, ports)).map(([name, value]) => `${name}=${value}`)
}

const environmentName = (name: string) => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
