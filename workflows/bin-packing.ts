/**
 * Reports how full the machines are and how few would do, and, if told so, moves instances off the emptiest machine one by one, each drained before it goes.
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=300  seconds between two looks
 * VAMP_WORKFLOW_EXECUTION_TIMEOUT=120 seconds
 * CPU=                                cores of a machine
 * MEMORY=                             megabytes of a machine
 * MOVE=no                             yes: move the instances of the emptiest machine
 * MOVES=1                             instances that are moved per look
 */
import { vamp } from '@vamp/client/workflow'

const { env } = vamp
const size = { cpu: Number(env['CPU']), memory: Number(env['MEMORY']) }
const items = (await vamp.deployments.list()).flatMap(({ name, clusters }) => Object.entries(clusters).flatMap(([cluster, { services }]) => services.flatMap(({ breed, scale, instances }) => instances.filter(({ state }) => state === 'ready').map(instance => ({ name: instance.name, deployment: name, service: `${name}/${cluster}/${breed.name}`, host: instance.host, cpu: scale.cpu, memory: Number.parseFloat(scale.memory) })))))

/** Largest first, each into the first machine with room: at most 22 % and one machine more than the best (first-fit decreasing). */
function packed(): number {
  const free: { cpu: number; memory: number }[] = []
  for (const item of items.toSorted((a, b) => b.cpu / size.cpu + b.memory / size.memory - (a.cpu / size.cpu + a.memory / size.memory))) {
    const room = free.find(machine => machine.cpu >= item.cpu - 1e-9 && machine.memory >= item.memory)
    if (room) { room.cpu -= item.cpu; room.memory -= item.memory } else free.push({ cpu: size.cpu - item.cpu, memory: size.memory - item.memory })
  }
  return free.length
}

const hosts = [...new Set(items.map(({ host }) => host))].map(host => {
  const own = items.filter(item => item.host === host)
  return { host, instances: own.length, cpu: own.reduce((sum, { cpu }) => sum + cpu, 0), memory: own.reduce((sum, { memory }) => sum + memory, 0) }
}).toSorted((a, b) => a.cpu / size.cpu - b.cpu / size.cpu)
const report = { machines: hosts.length, needed: packed(), hosts: hosts.map(({ host, instances, cpu, memory }) => ({ host, instances, cpu_percent: Math.round((cpu / size.cpu) * 100), memory_percent: Math.round((memory / size.memory) * 100) })) }
const of = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`
vamp.log(`${of(items.length, 'instance')} on ${of(report.machines, 'machine')}; ${report.needed} would do`)
await vamp.events.publish(['bin-packing'], report, 'report')

const [emptiest] = hosts
if (env['MOVE'] === 'yes' && emptiest && (report.needed < report.machines || hosts.length === 1)) {
  // The last one of a service stays: nothing could take its visitors meanwhile.
  const movable = items.filter(({ host, service }) => host === emptiest.host && items.filter(other => other.service === service).length > 1)
  for (const item of movable.slice(0, Number(env['MOVES']))) {
    const before = new Set((await vamp.deployments.instances(item.deployment)).map(({ name }) => name))
    vamp.log(`${item.name} leaves ${item.host}`)
    // Another one is started first; the scheduler chooses where.
    await vamp.delete(`/instances/${item.name}`, { drain: true })
    await vamp.waitFor(async () => (await vamp.deployments.instances(item.deployment)).some(({ name, state }) => state === 'ready' && !before.has(name)), { timeout: 100 })
  }
}
export default report
