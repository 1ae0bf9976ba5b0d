import { silent } from '@vamp/agent/base/log'
import { type VirtualClock, virtualClock } from '@vamp/agent/base/virtual-clock'
import { parseArtifact } from '@vamp/model/parse/document'
import type { WorkflowRun } from '@vamp/model/workflow-run'
import { expect, test } from 'vitest'
import { openMemoryDriver } from '../container/memory/memory-driver.ts'
import { memoryMachine } from '../container/memory/memory-machine.ts'
import { openMemoryEventLog } from '../event/memory/memory-event-log.ts'
import { openMemoryStore } from '../store/memory/memory-store.ts'
import type { RunEnd, RunRequest } from './runner.ts'
import { memoryRunner } from './testdata/memory-runner.ts'
import { openWorkflows } from './workflows.ts'

const DONE: RunEnd = { state: 'succeeded' }

/** Workflows over memory drivers under a virtual clock; `restart` is a server that dies and another one. */
async function world(answer?: (request: RunRequest) => RunEnd | undefined) {
  const clock: VirtualClock = virtualClock()
  const store = openMemoryStore()
  const events = openMemoryEventLog({ clock })
  const open = async () => {
    const runner = memoryRunner(answer)
    const workflows = openWorkflows({ store, events, containers: openMemoryDriver(memoryMachine({ clock })), clock, log: silent, random: () => 0.5, namespace: 'default', trusted: false, runner: async () => runner })
    await workflows.serve({ url: 'http://vamp', lend: undefined })
    await clock.advance(0)
    return { runner, workflows }
  }
  const begun: RunRequest[] = []
  let current = await open()
  const self = {
    clock, store, events, begun,
    get workflows() { return current.workflows },
    get running() { return current.runner.running },
    get requests() { return [...begun, ...current.runner.begun] },
    async apply(yaml: string) {
      const parsed = parseArtifact('workflows', yaml)
      if (parsed.is === 'refused') throw new Error(JSON.stringify(parsed.problems))
      await store.put('workflows', parsed.value.name, parsed.value)
      await clock.advance(0)
    },
    async seconds(count: number) { await clock.advance(count * 1000); await clock.advance(0) },
    async told(...tags: string[]) { const [event] = await events.append([{ tags }]); await clock.advance(0); await clock.advance(0); return event },
    async state(name: string) { return (await store.get('workflow-statuses', name))?.value },
    async runs(name: string): Promise<readonly WorkflowRun[]> { await clock.advance(0); return (await current.workflows.runs(name, { offset: 0, limit: 1000 })).items },
    async restart(seconds = 0) {
      begun.push(...current.runner.begun)
      await current.workflows[Symbol.asyncDispose]()
      await clock.advance(seconds * 1000)
      current = await open()
      await clock.advance(0)
    },
  }
  return self
}

const script = (name: string, rest: string, code = 'x') => `name: ${name}\nbreed: {name: ${name}, deployable: {type: application/javascript, definition: '${code}'}}\n${rest}\n`

test('a daemon runs, comes back when its period is over, and at once when its script changes', async () => {
  const it = await world()
  await it.apply(script('watcher', 'schedule: daemon'))
  expect(await it.state('watcher')).toEqual(expect.objectContaining({ status: 'running' }))
  expect(it.running).toHaveLength(1)

  await it.seconds(5)
  it.running[0]?.end(DONE)
  await it.seconds(54)
  expect(it.running).toHaveLength(0)
  await it.seconds(2)
  expect(it.running).toHaveLength(1)

  await it.apply(script('watcher', 'schedule: daemon', 'y'))
  expect(it.running.map(({ request }) => request.script)).toEqual(['y'])
  expect((await it.runs('watcher')).map(({ state, reason }) => [state, reason])).toEqual([['running', undefined], ['stopped', 'the script or its settings were changed'], ['succeeded', undefined]])
})

test('a daemon that fails begins again more and more slowly', async () => {
  const it = await world(() => ({ state: 'failed', reason: 'no' }))
  const breed = "breed: {name: b, deployable: {type: application/javascript, definition: x}, environment_variables: {VAMP_WORKFLOW_EXECUTION_PERIOD: '0'}}"
  await it.apply(`name: restless\n${breed}\nschedule: daemon\n`)
  const before = it.requests.length
  await it.seconds(60)
  // After 2, 4, 8, 16 and 32 seconds.
  expect(it.requests.length - before).toBeLessThanOrEqual(5)
  expect(it.requests.length - before).toBeGreaterThanOrEqual(4)
})

test('an event with all the tags begins a run and is handed in', async () => {
  const it = await world(() => DONE)
  await it.apply(script('on-deploy', 'schedule: {event: [deployments:shop, deployed]}'))
  await it.told('deployments:shop')
  const event = await it.told('deployments:shop', 'deployed', 'other')

  expect(it.requests.map(({ facts }) => facts.event)).toEqual([event])
  expect(it.requests[0]?.facts.environment['VAMP_WORKFLOW_DATA']).toBe(Buffer.from(JSON.stringify(event)).toString('base64'))
  expect(await it.runs('on-deploy')).toEqual([expect.objectContaining({ state: 'succeeded', key: `on-deploy:event:${event?.id}` })])
})

test('events queue by default, are left out or run beside each other as the workflow says', async () => {
  const it = await world()
  for (const overlap of ['queue', 'skip', 'allow']) await it.apply(script(overlap, `schedule: {event: go}\noverlap: ${overlap}`))
  await it.told('go')
  await it.told('go')
  const states = async (name: string) => (await it.runs(name)).map(({ state }) => state)
  expect([await states('queue'), await states('skip'), await states('allow')]).toEqual([['waiting', 'running'], ['skipped', 'running'], ['running', 'running']])
  it.running.find(({ request }) => request.facts.workflow === 'queue')?.end(DONE)
  await it.seconds(0)
  expect(await states('queue')).toEqual(['running', 'succeeded'])
})

test('a failed run is tried again with the same key as often as the workflow says, then told', async () => {
  const it = await world(({ facts }) => facts.attempt < 3 ? { state: 'failed', reason: 'not yet' } : DONE)
  await it.apply(script('tries', 'schedule: {event: go}\nretries: 2'))
  await it.apply(script('gives-up', 'schedule: {event: go}\nretries: 1'))
  await it.told('go')
  await it.seconds(30)

  expect(it.requests.filter(({ facts }) => facts.workflow === 'tries').map(({ facts }) => facts.attempt)).toEqual([1, 2, 3])
  expect(new Set(it.requests.filter(({ facts }) => facts.workflow === 'tries').map(({ facts }) => facts.key)).size).toBe(1)
  expect([(await it.runs('tries'))[0]?.state, (await it.runs('gives-up'))[0]]).toEqual(['succeeded', expect.objectContaining({ state: 'failed', attempts: 2, reason: 'not yet' })])
  expect((await it.events.query({ tags: ['workflows:gives-up', 'workflow:failed'] })).total).toBeGreaterThan(0)
})

test('a schedule runs at its moments, and a restart in the middle neither skips nor doubles', async () => {
  const it = await world(() => DONE)
  await it.apply(script('clockwork', 'schedule: {time: {period: PT10S}}'))
  await it.seconds(25)
  await it.restart(20)
  await it.seconds(20)
  const dues = it.requests.map(({ facts }) => facts.due)
  expect(dues).toHaveLength(6)
  expect(new Set(dues).size).toBe(6)
  expect((await it.state('clockwork'))?.next).toBeDefined()
})

test('what is under way or waits when the server dies is begun again with the same key; what was done is not', async () => {
  const it = await world(({ facts }) => facts.workflow === 'quick' ? DONE : undefined)
  await it.apply(script('quick', 'schedule: {event: go}'))
  await it.apply(script('slow', 'schedule: {event: go}'))
  await it.apply(script('daemon', 'schedule: daemon'))
  await it.told('go')
  await it.told('go')
  const keys = (name: string) => it.requests.filter(({ facts }) => facts.workflow === name).map(({ facts }) => facts.key)
  const [slow] = keys('slow')
  const [daemon] = keys('daemon')
  await it.restart()
  // Told while the new server was not there yet would be in the log; told now, it is the third.
  await it.told('go')

  expect(keys('quick')).toHaveLength(3)
  expect(keys('slow')).toEqual([slow, slow])
  expect(keys('daemon')).toEqual([daemon, daemon])
  it.running.find(({ request }) => request.facts.workflow === 'slow')?.end(DONE)
  await it.seconds(0)
  expect(new Set(keys('slow')).size).toBe(2)
})

test('events that happen while no server runs are not missed', async () => {
  const it = await world(() => DONE)
  await it.apply(script('listener', 'schedule: {event: go}'))
  await it.workflows[Symbol.asyncDispose]()
  const event = (await it.events.append([{ tags: ['go'] }]))[0]
  await it.restart()
  expect(it.requests.map(({ facts }) => facts.event)).toEqual([event])
})

test('suspending ends what runs and takes nothing more; starting again goes on', async () => {
  const it = await world()
  await it.apply(script('w', 'schedule: {event: go}'))
  await it.told('go')
  await it.told('go')
  await it.apply(script('w', 'schedule: {event: go}\nstatus: suspending'))
  expect(await it.state('w')).toEqual(expect.objectContaining({ status: 'suspended' }))
  expect((await it.runs('w')).map(({ state, reason }) => [state, reason])).toEqual([['skipped', 'the workflow was suspended'], ['stopped', 'the workflow was suspended']])
  await it.told('go')
  await it.apply(script('w', 'schedule: {event: go}\nstatus: starting'))
  expect(it.running).toHaveLength(0)
  await it.told('go')
  expect(it.running).toHaveLength(1)
  expect((await it.events.query({ tags: ['workflows:w'] })).events.flatMap(({ tags }) => tags.filter(tag => tag.endsWith('scheduled')))).toEqual(['scheduled', 'unscheduled', 'scheduled'])
})

test('restarting ends what runs once and begins again; stopping ends the workflow', async () => {
  const it = await world()
  await it.apply(script('w', 'schedule: daemon'))
  const first = it.running[0]?.request.facts.key
  await it.seconds(1)
  await it.apply(script('w', 'schedule: daemon\nstatus: restarting'))
  await it.seconds(1)
  expect(await it.state('w')).toEqual(expect.objectContaining({ status: 'running' }))
  expect(it.running.map(({ request }) => request.facts.key === first)).toEqual([false])
  await it.restart()
  expect(it.requests).toHaveLength(3)
  await it.apply(script('w', 'schedule: daemon\nstatus: stopping'))
  await it.seconds(1)
  expect([it.running.length, await it.store.get('workflows', 'w'), await it.state('w'), (await it.store.list('workflow-runs')).total]).toEqual([0, undefined, undefined, 0])
})

test('what cannot run says why, and runs as soon as it can', async () => {
  const it = await world()
  await it.apply('name: w\nbreed: later\nschedule: daemon\n')
  expect(await it.state('w')).toEqual(expect.objectContaining({ status: 'starting', reason: "there is no breed 'later'" }))
  const breed = parseArtifact('breeds', 'name: later\ndeployable: {type: application/javascript, definition: x}\n')
  if (breed.is === 'ok') await it.store.put('breeds', 'later', breed.value)
  await it.seconds(0)
  expect([await it.state('w'), it.running.length]).toEqual([expect.objectContaining({ status: 'running' }), 1])
  await it.apply(script('free', 'schedule: daemon\nrunner: node'))
  expect((await it.state('free'))?.reason).toContain('--trusted-scripts')
})

test('only so many triggers wait, and the others are counted', async () => {
  const it = await world()
  await it.apply(script('w', 'schedule: {event: go}'))
  await it.events.append(Array.from({ length: 1500 }, () => ({ tags: ['go'] })))
  await it.seconds(1)
  await it.seconds(1)
  expect(await it.runs('w')).toHaveLength(1000)
  expect(await it.state('w')).toEqual(expect.objectContaining({ dropped: 500 }))
})

test('the newest runs are kept, with the newest of what they printed', async () => {
  const it = await world()
  await it.apply(script('w', 'schedule: {event: go}'))
  for (let index = 0; index < 60; index++) {
    await it.told('go')
    it.running[0]?.listener.printed(Array.from({ length: 600 }, (_, line) => ({ time: it.clock.now(), level: 'info', line: `${index}.${line}` })), 5)
    it.running[0]?.end(DONE)
    await it.seconds(1)
  }
  const runs = await it.runs('w')
  expect(runs).toHaveLength(50)
  expect(runs[0]).toEqual(expect.objectContaining({ left_out: 105 }))
  expect(runs[0]?.log).toHaveLength(500)
})

test('a person begins a run, also a dry one and one of a script that is not stored', async () => {
  const it = await world(() => DONE)
  await it.apply(script('w', 'schedule: {event: go}'))
  await it.workflows.run('w', { who: 'anna', event: { tags: ['go'] }, dry: true })
  await it.seconds(0)
  expect(it.requests[0]?.facts).toEqual(expect.objectContaining({ dry: true, event: { tags: ['go'] } }))
  const parsed = parseArtifact('workflows', script('mine', 'schedule: daemon'))
  if (parsed.is === 'ok') await it.workflows.try(parsed.value, { who: 'anna' })
  await it.seconds(0)
  expect((await it.runs('~tried')).map(({ state }) => state)).toEqual(['succeeded'])
  await expect(it.workflows.run('none', { who: 'anna' })).rejects.toThrow("There is no workflow 'none'")
})
