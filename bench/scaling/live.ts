/**
 * The same on the real system: a server of this project, HAProxy, processes (or containers of a Docker engine), visitors.
 *
 * - step: seven times as many visitors; from then until more are ordered (as the event of it tells), and until ten more have answered
 *   visitors; beside it a bare loop that starts ten of the same processes, in the same run
 * - microscaling: on a full pool a spike of the important service; from the event that tells of it until four more of its instances
 *   have answered visitors; with containers, beside a bare loop of the engine that stops four and starts four
 * - soak: random sizes under load, with the server killed in between; every request is counted
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { startVisitors, type Visitors } from '../../cli/src/demo/visitors.ts'
import { freePort, type Place, place, until } from './place.ts'
import { bareStations, bareSwap, containers, instanceOf, processes, type Station } from './station.ts'

export interface LiveRow { readonly scenario: string; readonly method: string; readonly [measure: string]: string | number | null }

const breed = (name: string, { deployable }: Station) => JSON.stringify({ kind: 'breed', name, deployable, ports: { http: '8080/http' }, health_checks: [{ path: '/', port: 'http', initial_delay: '0s', timeout: '1s', interval: '1s', failures: 5 }] })
const deployment = (name: string, port: number, instances: number, { dialects }: Station) => JSON.stringify({
  kind: 'deployment', name, gateways: { [port]: 'main/http' },
  clusters: { main: { gateways: { http: { policy: { hold: { time: '30s', maximum: 100 } } } }, services: [{ breed: `${name}:1`, scale: { cpu: 0.1, memory: '64MB', instances }, dialects }] } },
})

interface Shown { readonly clusters: { readonly main: { readonly services: readonly { readonly scale: { readonly instances: number }; readonly instances: readonly { readonly deployed: boolean }[] }[] } } }

async function sizeOf({ ask }: Place, name: string): Promise<{ ordered: number; ready: number }> {
  const [service] = (await ask<Shown>(`/deployments/${name}`)).clusters.main.services
  return { ordered: service?.scale.instances ?? 0, ready: service?.instances.filter(({ deployed }) => deployed).length ?? 0 }
}

async function begin(at: Place, station: Station, name: string, port: number, instances: number): Promise<void> {
  await at.ask('', 'POST', `${breed(`${name}:1`, station)}\n---\n${deployment(name, port, instances, station)}`)
  await until(async () => (await sizeOf(at, name)).ready === instances && (await fetch(`http://127.0.0.1:${port}/`)).ok)
}

const visitorsOf = (port: number, perSecond: number): Visitors => startVisitors({ host: '127.0.0.1', port, perSecond, pages: [['GET', '/']], nameOf: instanceOf })
const answering = ({ visits: { byVersion } }: Visitors): readonly string[] => Object.keys(byVersion).filter(name => name !== 'none')

/** Unix milliseconds of the first order of more after the given time. */
async function ordered({ ask }: Place, after: number): Promise<number | null> {
  const events = await ask<readonly { readonly timestamp: string; readonly value: { readonly from: { readonly instances: number }; readonly to: { readonly instances: number } } }[]>('/events?type=scaling&per_page=100')
  const times = events.filter(({ value: { from, to } }) => to.instances > from.instances).map(({ timestamp }) => Date.parse(timestamp)).filter(time => time >= after)
  return times.length > 0 ? Math.min(...times) : null
}

const MORE = 10

/** From eighteen visitors a second to a hundred and twenty-eight, at ten an instance. */
export async function step(): Promise<LiveRow> {
  const bare = await bareLoop(3)
  const at = await place(processes.flags)
  try {
    await at.up()
    await begin(at, processes, 'web', at.gateway, 2)
    await at.ask('', 'POST', "{kind: autoscaler, name: web, deployment: web, cluster: main, minimum: 2, maximum: 20, signals: [{metric: requests, target: 10}], prediction: 'off'}")
    const few = visitorsOf(at.gateway, 18)
    await sleep(35_000)
    const known = answering(few)
    const many = visitorsOf(at.gateway, 110)
    const began = Date.now()
    await until(async () => answering(many).filter(name => !known.includes(name)).length >= MORE, 5, 60_000)
    const served = Date.now() - began
    await sleep(3000)
    const decided = await ordered(at, began)
    const [a, b] = [await few.stop(), await many.stop()]
    return { scenario: 'step ×7, processes', method: 'vamp', decision_s: seconds(decided && decided - began), serving_s: seconds(served), bare_s: seconds(bare), requests: a.requests + b.requests, failed: a.failed + b.failed }
  } finally {
    await at.stop()
  }
}

/** Milliseconds until as many processes answer that a loop has started; the median. */
async function bareLoop(rounds: number): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const bare = bareStations()
    const began = performance.now()
    await bare.start(MORE)
    times.push(performance.now() - began)
    await bare.stop()
  }
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN
}

const TAKEN = 4

/** Twelve slots, eleven of them with batch work; the important service wants four more. */
export async function microscaling(station: Station, rounds: number): Promise<LiveRow> {
  const at = await place([...station.flags, '--slots', '12'])
  try {
    await at.up()
    const other = await freePort()
    await begin(at, station, 'batch', other, 1)
    await begin(at, station, 'web', at.gateway, 1)
    const keep = (name: string, priority: number) => at.ask('', 'POST', `{kind: autoscaler, name: ${name}, deployment: ${name}, cluster: main, minimum: 1, maximum: 20, priority: ${priority}, signals: [{metric: 'event:${name}', target: 1}], behaviour: {down: {stabilisation: 1s}}, prediction: 'off'}`)
    await keep('batch', 1)
    await keep('web', 9)
    const say = (type: string, value: number) => at.ask('/events', 'POST', { type, tags: [type], value })
    await say('web', 1)
    await say('batch', 20)
    const times: number[] = []
    const work = visitorsOf(other, 40)
    let important = 0
    for (let round = 0; round < rounds; round++) {
      await until(async () => (await sizeOf(at, 'batch')).ready >= 11, 100)
      const calm = visitorsOf(at.gateway, 40)
      await sleep(1500)
      const began = performance.now()
      await say('web', 1 + TAKEN)
      // The one that there was, and as many more. Names are given again, so that each round has its own visitors.
      await until(async () => answering(calm).length > TAKEN, 2)
      times.push(performance.now() - began)
      important += (await calm.stop()).failed
      await say('web', 1)
    }
    const { requests, failed } = await work.stop()
    times.sort((a, b) => a - b)
    return { scenario: `microscaling: ${TAKEN} of twelve slots pre-empted, ${station.of}`, method: 'vamp', serving_s: seconds(times[Math.floor(times.length / 2)] ?? null), worst_s: seconds(times.at(-1) ?? null), low_priority_requests: requests, low_priority_failed: failed, important_failed: important }
  } finally {
    await at.stop()
  }
}

/** The same with containers; the engine's bare loop before it. */
export async function microscalingOfContainers(rounds: number): Promise<LiveRow> {
  const station = await containers()
  try {
    const bare = await bareSwap(station.host, TAKEN, rounds)
    const row = await microscaling(station, rounds)
    return { ...row, bare_s: seconds(bare), ratio: Math.round(100 * Number(row['serving_s']) * 1000 / bare) / 100 }
  } finally {
    await station.stop()
  }
}

/** Sizes from one to six at random, sixty visitors a second, the server killed now and then. */
export async function soak(changes: number, kills: number): Promise<LiveRow> {
  const at = await place(processes.flags)
  let server = await at.up()
  try {
    await begin(at, processes, 'web', at.gateway, 2)
    const visitors = visitorsOf(at.gateway, 60)
    const every = Math.max(1, Math.floor(changes / (kills + 1)))
    let done = 0
    for (let change = 1; change <= changes; change++) {
      const instances = 1 + Math.floor(Math.random() * 6)
      await at.ask('/deployments/web/clusters/main/services/web:1/scale', 'PUT', { cpu: 0.1, memory: '64MB', instances })
      done++
      await sleep(100 + Math.random() * 500)
      if (change % every === 0 && change < changes) {
        server.kill('SIGKILL')
        await once(server, 'exit')
        await sleep(Math.random() * 1000)
        server = await at.up()
      }
    }
    await sleep(2000)
    const { requests, failed } = await visitors.stop()
    return { scenario: 'soak: random sizes under load, server killed', method: 'vamp', changes: done, kills, requests, failed }
  } finally {
    await at.stop()
  }
}

/** A service that nobody asked for anything; then somebody does. */
export async function zero(): Promise<LiveRow> {
  const at = await place(processes.flags)
  try {
    await at.up()
    await begin(at, processes, 'web', at.gateway, 1)
    await at.ask('', 'POST', "{kind: autoscaler, name: web, deployment: web, cluster: main, minimum: 0, maximum: 5, signals: [{metric: requests, target: 50}], behaviour: {down: {stabilisation: 3s}}, prediction: 'off'}")
    await until(async () => { const { ordered, ready } = await sizeOf(at, 'web'); return ordered === 0 && ready === 0 })
    await sleep(1000)
    const before = (await sizeOf(at, 'web')).ordered
    const visitors = visitorsOf(at.gateway, 10)
    const began = Date.now()
    await until(async () => answering(visitors).length > 0, 5)
    const served = Date.now() - began
    await sleep(1500)
    const decided = await ordered(at, began)
    const { requests, failed } = await visitors.stop()
    return { scenario: 'from zero, processes', method: 'vamp', instances_before: before, decision_s: seconds(decided && decided - began), serving_s: seconds(served), requests, failed }
  } finally {
    await at.stop()
  }
}

const seconds = (ms: number | null) => ms === null ? null : Math.round(ms) / 1000

export function lineOf(row: LiveRow): string {
  return Object.entries(row).map(([name, value]) => `${name} ${value ?? '-'}`).join('  ')
}

