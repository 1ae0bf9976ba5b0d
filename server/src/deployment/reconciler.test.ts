import { describe, expect, test } from 'vitest'
import { deploymentOf, openWorld, type Service } from './testdata/world.ts'

const WEB: Service = { cluster: 'web', breed: 'web:1.0', instances: 2 }

async function deployed(services: readonly Service[], options?: Parameters<typeof openWorld>[0]) {
  const world = openWorld(options)
  const server = world.startServer()
  await world.put(services)
  await world.until(async () => (await Promise.all(services.map(({ breed }) => world.phase(breed)))).every(phase => phase === 'Done'))
  return { ...world, world, server }
}

const tagsOf = (world: { events: readonly { tags: readonly string[] }[] }) => world.events.map(({ tags }) => tags.filter(tag => /^(services|synchronization):/.test(tag)).map(tag => tag.replace(/^\w+:/, '')).join(' '))

describe('a deployment', () => {
  test('starts as many instances as it wants, and is done when all are ready', async () => {
    const world = await deployed([WEB])

    expect(await world.states('web:1.0')).toEqual(['ready', 'ready'])
    expect(world.running()).toHaveLength(2)
    const [first] = (await world.status())?.instances ?? []
    expect(first).toMatchObject({ cluster: 'web', service: 'web:1.0', host: '127.0.0.1' })
    expect(first?.ports['web']).toBeGreaterThan(0)
    expect(tagsOf(world)).toEqual(['web:1.0 deployed'])
  })

  test('changes nothing once it is as wanted', async () => {
    const world = await deployed([WEB])
    await world.clock.advance(1000)
    const revision = await world.store.revision()

    await world.clock.advance(600_000)

    expect(await world.store.revision()).toBe(revision)
    expect(world.machine.history.filter(({ what }) => what === 'started')).toHaveLength(2)
  })

  test('scales out beside what runs, and in by the newest, drained first', async () => {
    const world = await deployed([WEB], { connectionsLastMs: () => 1500 })
    const before = world.running()

    await world.put([{ ...WEB, instances: 4 }])
    await world.until(async () => (await world.states('web:1.0')).join() === 'ready,ready,ready,ready')
    expect(world.running().slice(0, 2)).toEqual(before)

    await world.put([{ ...WEB, instances: 2 }])
    await world.until(async () => (await world.states('web:1.0')).includes('draining'))
    expect(world.running()).toHaveLength(4)
    await world.until(() => world.running().length === 2)

    expect(world.running()).toEqual(before)
    expect(world.violations).toEqual([])
  })

  test('an instance that still drains comes back when the last one that was to stay has ended, and stays in its place', async () => {
    const world = await deployed([WEB], { connectionsLastMs: () => 5000 })
    const [stays = '', leaves = ''] = world.running()
    await world.put([{ ...WEB, instances: 1 }])
    await world.until(async () => (await world.states('web:1.0')).join() === 'ready,draining')

    world.machine.crash(stays)
    await world.clock.advance(200)
    expect((await world.status())?.instances.find(({ id }) => id === leaves)?.state).toBe('ready')
    await world.clock.advance(60_000)

    expect(world.running()).toEqual([leaves])
    expect(world.violations).toEqual([])
  })

  test('what drains does not come back to a service that is to have no instance, or is undeployed', async () => {
    for (const change of [{ instances: 0 }, { intention: 'Undeployment' }] as const) {
      const world = await deployed([WEB], { connectionsLastMs: () => 5000 })
      await world.put([{ ...WEB, ...change }])
      await world.until(async () => (await world.states('web:1.0')).join() === 'draining,draining')

      world.machine.crash(world.running()[0] ?? '')
      await world.clock.advance(200)
      expect(await world.states('web:1.0')).not.toContain('ready')
      await world.until(() => world.running().length === 0)
    }
  })

  test('an instance that a person leads out is replaced at once, and ends when its connections have', async () => {
    const world = await deployed([WEB], { connectionsLastMs: () => 1500 })
    const [first] = world.running()
    const stored = await world.store.get('deployment-statuses', 'shop')
    if (!stored) throw new Error('there is no status')

    const led = stored.value.instances.map(instance => instance.id === first ? { ...instance, state: 'draining' as const, since: new Date(world.clock.now()).toISOString() } : instance)
    await world.store.put('deployment-statuses', 'shop', { ...stored.value, instances: led }, stored.revision)
    await world.clock.advance(500)
    expect(world.running()).toHaveLength(3)
    await world.until(() => !world.running().includes(first ?? ''))

    expect(world.running()).toHaveLength(2)
    expect(world.violations).toEqual([])
  })

  test('starts no more than ten instances at a time', async () => {
    const world = openWorld({ behaviour: () => ({ startUpMs: 1000 }) })
    world.startServer()
    await world.put([{ ...WEB, instances: 25 }])

    await world.clock.advance(500)
    expect(world.running()).toHaveLength(10)
    await world.until(async () => await world.phase('web:1.0') === 'Done')

    expect(world.running()).toHaveLength(25)
  })

  test('an instance that ends is started again after a second, then two, then four, with its last words told', async () => {
    const world = openWorld({ behaviour: () => ({ startUpMs: 0, exitsAfterMs: 10 }) })
    world.machine.onChange(id => { if (world.machine.instances.get(id)?.state === 'running' && world.machine.logs(id).length < 3) world.machine.log(id, 'cannot open the database') })
    world.startServer()
    await world.put([{ ...WEB, instances: 1 }])
    await world.clock.advance(20_000)

    const starts = world.machine.history.filter(({ what }) => what === 'started').map(({ time }) => time)
    const waits = starts.slice(1).map((time, index) => Math.round((time - (starts[index] ?? 0)) / 1000))
    expect(waits).toEqual([1, 2, 4, 8])
    const status = (await world.status())?.services[0]
    expect(status?.phase).toBe('Failed')
    expect(status?.notification).toMatch(/exited with code 1; last \d log lines?:\ncannot open the database/)
    expect(tagsOf(world)).toContain('web:1.0 failed')
  })

  test('an instance whose log cannot be read is started again like any other', async () => {
    const world = await deployed([{ ...WEB, instances: 1 }])
    world.machine.logs = () => { throw new Error('the log file is corrupted') }
    world.machine.crash(world.running()[0] ?? '')
    await world.clock.advance(2000)

    expect(world.running()).toHaveLength(1)
  })

  test('an instance that ran well for a minute starts its back-off anew', async () => {
    const world = await deployed([{ ...WEB, instances: 1 }])
    for (let crash = 0; crash < 4; crash++) {
      await world.clock.advance(61_000)
      world.machine.crash(world.running()[0] ?? '')
      await world.clock.advance(1500)
      expect(await world.phase('web:1.0')).toBe('Done')
    }

    expect((await world.status())?.instances[0]?.failures).toBe(1)
  })

  test('instances that were stopped while no server ran are started again at once', async () => {
    const world = await deployed([WEB])
    await world.clock.advance(5000)
    world.server.die()
    for (const id of world.running()) world.machine.stop(id, 0, () => {})
    await world.clock.advance(1000)
    expect(world.running()).toEqual([])

    world.startServer()
    await world.clock.advance(500)

    expect(await world.phase('web:1.0')).toBe('Done')
    expect((await world.status())?.instances.map(({ failures }) => failures)).toEqual([undefined, undefined])
  })

  test('a changed service is replaced without ever having fewer ready instances than wanted', async () => {
    const world = await deployed([WEB], { behaviour: () => ({ startUpMs: 700 }), connectionsLastMs: () => 400 })
    const before = world.running()
    let fewest = Number.POSITIVE_INFINITY

    await world.put([{ ...WEB, command: 'another' }])
    await world.until(async () => {
      const states = await world.states('web:1.0')
      fewest = Math.min(fewest, states.filter(state => state === 'ready').length)
      return states.length === 2 && !before.some(id => world.running().includes(id))
    })

    expect(fewest).toBe(2)
    expect([...world.machine.instances.values()].map(({ workload }) => workload.deployable.definition)).toEqual(['another', 'another'])
    expect(world.violations).toEqual([])
    await world.until(async () => await world.phase('web:1.0') === 'Done')
    expect(tagsOf(world)).toEqual(['web:1.0 deployed', 'web:1.0 redeploy', 'web:1.0 deployed'])
  })

  test('a change that does not work leaves the old instances in service, and the next change is tried at once', async () => {
    let broken = false
    const world = await deployed([WEB], { behaviour: () => ({ start: () => { if (broken) throw new Error('there is no program ./shop') } }) })
    broken = true
    const before = world.running()

    await world.put([{ ...WEB, command: './shop' }])
    await world.clock.advance(30_000)
    expect(world.running()).toEqual(before)
    expect((await world.status())?.services[0]).toMatchObject({ phase: 'Failed', notification: expect.stringContaining('there is no program ./shop') })

    broken = false
    await world.put([{ ...WEB, command: './shop-fixed' }])
    await world.until(async () => await world.phase('web:1.0') === 'Done' && world.running().length === 2, 5000)

    expect(world.running().some(id => before.includes(id))).toBe(false)
  })

  test('what the driver cannot run is refused in words', async () => {
    const world = openWorld()
    world.startServer()
    const { kind, clusters, ...rest } = deploymentOf('shop', [WEB])
    await world.store.put('deployments', 'shop', { ...rest, kind, clusters: clusters.map(cluster => ({ ...cluster, services: cluster.services.map(service => ({ ...service, breed: { ...service.breed, deployable: { type: 'vm/qemu', definition: 'x' } } })) })) })
    await world.clock.advance(100)

    expect((await world.status())?.services[0]).toMatchObject({ phase: 'Failed', notification: expect.stringContaining('does not run “vm/qemu”') })
  })

  test('a service starts after what it depends on is ready, and leaves before it', async () => {
    const services: Service[] = [{ ...WEB, needs: ['db'] }, { cluster: 'db', breed: 'db:1.0', instances: 1 }]
    const world = openWorld({ behaviour: () => ({ startUpMs: 500 }) })
    world.startServer()
    await world.put(services)

    await world.clock.advance(400)
    expect(await world.phase('web:1.0')).toBe('Initiated')
    expect((await world.status())?.services.find(({ service }) => service === 'web:1.0')?.notification).toBe('waits for db: db:1.0 is not ready')
    await world.until(async () => await world.phase('web:1.0') === 'Done')

    await world.put(services.map(service => ({ ...service, intention: 'Undeployment' })))
    await world.until(async () => await world.status() === undefined)
    const { history } = world.machine
    const order = (what: string) => history.filter(entry => entry.what === what).map(({ id }) => id.includes('db') ? 'db' : 'web')
    expect(order('started')).toEqual(['db', 'web', 'web'])
    expect(order('stopped')).toEqual(['web', 'web', 'db'])
  })

  test('a service whose environment and ports speak of gateway ports starts when they are known, and is not replaced because of them', async () => {
    const world = openWorld()
    world.startServer()
    const { clusters: [cluster = expect.fail()], ...rest } = deploymentOf('shop', [{ ...WEB, instances: 1 }])
    const [service = expect.fail()] = cluster.services
    const gateway = (number: number) => world.store.put('gateways', 'shop/db/sql', { kind: 'gateways', name: 'shop/db/sql', metadata: {}, port: { name: '', number, type: 'tcp' }, sticky: 'none', virtual_hosts: [], routes: [] })
    await gateway(0)
    const breed = { ...service.breed, ports: [...service.breed.ports, { name: 'sql', number: 0, type: 'tcp' as const, expression: '$db.ports.sql' }] }
    await world.store.put('deployments', 'shop', { ...rest, clusters: [{ ...cluster, services: [{ ...service, breed, environment_variables: [{ name: 'DB', value: 'db:$db.ports.sql' }] }] }] })
    await world.clock.advance(1000)
    expect((await world.status())?.services[0]).toMatchObject({ phase: 'Initiated', notification: 'waits for gateway shop/db/sql to get its port' })

    await gateway(40_007)
    await world.until(async () => await world.phase('web:1.0') === 'Done')
    await world.clock.advance(10_000)

    expect([...world.machine.instances.values()].map(({ workload }) => [workload.environment, workload.ports.at(-1)])).toEqual([[{ DB: 'db:40007' }, { name: 'sql', number: 40_007, type: 'tcp' }]])
    expect(world.machine.history.filter(({ what }) => what === 'started')).toHaveLength(1)
  })

  test('an unhealthy instance is replaced, and the last one stays in rotation until then', async () => {
    const sick = new Set<string>()
    const world = await deployed([{ ...WEB, checked: true }], { behaviour: (_service, id) => ({ startUpMs: 2000, answer: () => sick.has(id) ? 'answered 503' : undefined }) })
    const before = world.running()
    for (const id of before) sick.add(id)

    let fewest = Number.POSITIVE_INFINITY
    await world.until(async () => {
      const { instances = [] } = await world.status() ?? {}
      fewest = Math.min(fewest, instances.filter(({ state }) => state === 'ready').length)
      return world.running().length === 2 && !world.running().some(id => before.includes(id))
    }, 120_000)

    expect(fewest).toBeGreaterThanOrEqual(1)
    expect(world.violations).toEqual([])
  })

  test('what a node wants to be rid of is replaced first and leaves then; what a node took along is started again at once', async () => {
    const world = await deployed([WEB], { connectionsLastMs: () => 400 })
    const before = world.running()
    let fewest = Number.POSITIVE_INFINITY

    for (const id of before) world.machine.displace(id, 'wanted elsewhere')
    await world.until(async () => {
      fewest = Math.min(fewest, (await world.states('web:1.0')).filter(state => state === 'ready').length)
      return !world.running().some(id => before.includes(id))
    })
    expect(fewest).toBe(2)
    expect(world.violations).toEqual([])

    await world.until(async () => await world.phase('web:1.0') === 'Done')
    for (const id of world.running()) world.machine.displace(id, 'gone')
    await world.until(async () => (await world.states('web:1.0')).join() === 'ready,ready', 900)
    expect((await world.status())?.instances.map(({ failures = 0 }) => failures)).toEqual([0, 0])
  })

  test('spare instances are started, paused, and taken when more are wanted; others take their place', async () => {
    const world = await deployed([{ ...WEB, warm: 2 }], { behaviour: () => ({ startUpMs: 3000 }) })
    const paused = () => [...world.machine.instances.values()].filter(instance => instance.paused).map(({ workload }) => workload.id)
    await world.until(() => paused().length === 2)
    expect((await world.states('web:1.0')).toSorted()).toEqual(['ready', 'ready', 'warm', 'warm'])
    const spares = paused()

    await world.put([{ ...WEB, instances: 3, warm: 2 }])
    await world.until(async () => (await world.states('web:1.0')).filter(state => state === 'ready').length === 3, 100)
    expect(paused()).toEqual(spares.slice(1))
    await world.until(() => paused().length === 2)

    await world.put([{ ...WEB, instances: 3 }])
    await world.until(() => world.machine.instances.size === 3)
    expect(world.violations).toEqual([])
  })

  test('a change replaces spare instances too, and their end is noticed', async () => {
    const world = await deployed([{ ...WEB, instances: 1, warm: 1 }])
    const paused = () => [...world.machine.instances.values()].filter(instance => instance.paused)
    await world.until(() => paused().length === 1)

    await world.put([{ ...WEB, instances: 1, warm: 1, command: 'next' }])
    await world.until(() => paused().some(({ workload }) => workload.deployable.definition === 'next') && world.machine.instances.size === 2)
    world.machine.crash(paused()[0]?.workload.id ?? '')
    await world.until(() => paused().length === 1)

    expect(world.violations).toEqual([])
  })

  test('how far a start is, is told', async () => {
    const world = openWorld({ behaviour: () => ({ startUpMs: 5000 }) })
    world.startServer()
    await world.put([{ ...WEB, instances: 1 }])
    await world.clock.advance(100)
    const [instance] = world.machine.instances.values()
    if (instance) instance.reason = 'image shop is being pulled: 40 %'
    world.machine.log(world.running()[0] ?? '', 'wakes')
    await world.clock.advance(100)

    expect((await world.status())?.services[0]?.notification).toBe(`0 of 1 ready; ${world.running()[0]}: image shop is being pulled: 40 %`)
  })

  test('a service with open connections is stopped when they end, or at the deadline', async () => {
    const world = await deployed([WEB], { connectionsLastMs: id => id.endsWith('-1') ? 5000 : Number.POSITIVE_INFINITY })
    await world.put([{ ...WEB, intention: 'Undeployment' }])

    await world.clock.advance(4500)
    expect(world.running()).toHaveLength(2)
    await world.clock.advance(2000)
    expect(world.running()).toHaveLength(1)
    await world.clock.advance(22_000)
    expect(world.running()).toHaveLength(1)
    await world.clock.advance(3000)

    expect(world.running()).toEqual([])
    expect(world.violations).toEqual([])
  })

  test('a service that is removed goes, its siblings stay; the last one takes the deployment with it', async () => {
    const world = await deployed([WEB, { ...WEB, breed: 'web:1.1' }])
    await world.store.put('gateways', 'shop/web/web', { kind: 'gateways', name: 'shop/web/web', metadata: {}, port: { name: '', number: 40_000, type: 'http' }, sticky: 'none', virtual_hosts: [], routes: [] })

    await world.put([{ ...WEB, intention: 'Undeployment' }, { ...WEB, breed: 'web:1.1' }])
    await world.until(async () => (await world.store.get('deployments', 'shop'))?.value.clusters[0]?.services.length === 1)
    expect(world.running('web:1.1')).toHaveLength(2)
    expect(world.running('web:1.0')).toEqual([])

    await world.put([{ ...WEB, breed: 'web:1.1', intention: 'Undeployment' }])
    await world.until(async () => await world.store.get('deployments', 'shop') === undefined)
    expect(await world.status()).toBeUndefined()
    expect(await world.store.get('gateways', 'shop/web/web')).toBeUndefined()
    expect(world.running()).toEqual([])
    expect(tagsOf(world).slice(-2)).toEqual(['web:1.0 undeployed', 'web:1.1 undeployed'])
  })

  test('a change costs as many steps among a hundred deployments as it does alone', async () => {
    const stepsOfChange = async (others: number) => {
      const { server, ...world } = await deployed([WEB])
      for (let number = 0; number < others; number++) await world.put([WEB], `other-${number}`)
      await world.until(() => world.running().length === 2 + 2 * others)
      await world.clock.advance(10_000)
      const before = server.steps
      await world.put([{ ...WEB, instances: 3 }])
      await world.until(async () => (await world.states('web:1.0')).join() === 'ready,ready,ready')
      await world.clock.advance(1000)
      return server.steps - before
    }

    expect(await stepsOfChange(100)).toBe(await stepsOfChange(0))
  })

  test('what runs for nobody is removed, and what a lost status forgot is taken in again', async () => {
    const world = await deployed([WEB])
    const before = world.running()
    world.server.die()
    await world.store.delete('deployment-statuses', 'shop')
    await world.put([{ ...WEB, breed: 'other:1.0' }], 'gone')
    world.machine.start({ ...(world.machine.instances.get(before[0] ?? '')?.workload ?? expect.fail()), id: 'stray', deployment: 'nobody' })

    world.startServer()
    await world.until(async () => (await world.states('web:1.0')).join() === 'ready,ready')
    await world.until(() => !world.running().includes('stray'))

    expect(world.running('web:1.0')).toEqual(before)
  })
})
