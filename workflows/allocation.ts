/**
 * Tells what each deployment takes as events: cores, megabytes and instances.
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=60   seconds between two looks
 * VAMP_WORKFLOW_EXECUTION_TIMEOUT=50  seconds
 */
import { vamp } from '@vamp/client/workflow'

for (const { name, clusters } of await vamp.deployments.list()) {
  const services = Object.values(clusters).flatMap(cluster => cluster.services)
  const sum = (of: (service: (typeof services)[number]) => number) => Math.round(services.reduce((total, service) => total + of(service) * service.instances.length, 0) * 1000) / 1000
  await vamp.events.publish(['allocation', `deployments:${name}`], { cpu: sum(({ scale }) => scale.cpu), memory: sum(({ scale }) => Number.parseFloat(scale.memory)), instances: sum(() => 1) }, 'allocation')
}
