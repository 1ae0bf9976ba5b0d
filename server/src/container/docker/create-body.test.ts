import { expect, test } from 'vitest'
import type { Workload } from '../container-driver.ts'
import { TEST_WORKLOAD } from '../testdata/workload.ts'
import { createBody, networkOf } from './create-body.ts'
import { faultOf, jsonLines } from './docker-client.ts'
import { type Inspected, observed } from './docker-containers.ts'
import { readLogLines } from './docker-logs.ts'

const workload = (changes: Partial<Workload> = {}): Workload => ({ ...TEST_WORKLOAD, id: 'one', deployable: { type: 'docker', definition: 'shop:1' }, ...changes })
const body = (changes: Partial<Workload> = {}) => createBody(workload(changes), { owner: 'me', network: 'bridge', ports: { web: 8080 } })

test('a workload becomes a container with its identity, environment and size', () => {
  expect(body({ environment: { COLOUR: 'red' }, cpu: 2 })).toEqual({
    Image: 'shop:1',
    Env: ['COLOUR=red', 'PORT_WEB=8080', 'PORT=8080', 'VAMP_DEPLOYMENT=shop', 'VAMP_CLUSTER=web', 'VAMP_SERVICE=web:1.0', 'VAMP_INSTANCE=one'],
    Labels: {
      'io.vamp.deployment': 'shop', 'io.vamp.cluster': 'web', 'io.vamp.service': 'web:1.0', 'io.vamp.size': '{"cpu":2,"memory":64}', 'io.vamp.instance': 'one',
      'io.vamp.digest': 'd1', 'io.vamp.owner': 'me', 'io.vamp.ports': '{"web":8080}', 'io.vamp.health-checks': '[]',
    },
    HostConfig: { NetworkMode: 'bridge', CpuShares: 2048, Memory: 64_000_000, RestartPolicy: { Name: 'no' } },
  })
})

test('arguments are options of the container, the dialect is laid over, and neither takes the identity away', () => {
  const made = body({
    arguments: [{ key: 'privileged', value: 'true' }, { key: 'volume', value: '/a:/a' }, { key: 'label', value: 'team=a' }],
    dialect: { net: 'host', Cmd: ['serve'], Labels: { tier: 'front', 'io.vamp.owner': 'thief' }, HostConfig: { Binds: ['/b:/b'], Memory: 5 } },
  })

  expect(made).toMatchObject({ Cmd: ['serve'], HostConfig: { Privileged: true, Binds: ['/a:/a', '/b:/b'], Memory: 5 }, Labels: { team: 'a', tier: 'front', 'io.vamp.owner': 'me' } })
  expect(made).not.toHaveProperty('net')
  expect(() => body({ arguments: [{ key: 'colour', value: 'red' }] })).toThrow(/knows no argument “colour”/)
})

test('the network is the dialect’s, the artifact’s or the driver’s, in this order', () => {
  expect(networkOf({ network: 'BRIDGE', dialect: { net: 'host' } }, 'x')).toBe('host')
  expect(networkOf({ network: 'HOST', dialect: {} }, 'x')).toBe('host')
  expect(networkOf({ network: 'Shop_Net', dialect: {} }, 'x')).toBe('Shop_Net')
  expect(networkOf({ dialect: { HostConfig: { NetworkMode: 'mine' } } }, 'x')).toBe('mine')
  expect(networkOf({ dialect: {} }, 'x')).toBe('x')
})

test('what an engine says of a container becomes an observation with its reason', () => {
  const inspected = (state: Partial<Inspected['State']>): Inspected => ({
    Id: 'c1', Name: '/vamp-me-one', Created: '2026-01-01T00:00:00Z',
    State: { Status: 'running', ExitCode: 0, OOMKilled: false, Error: '', StartedAt: '2026-01-01T00:00:01Z', FinishedAt: '2026-01-01T00:01:00Z', ...state },
    Config: { Labels: { 'io.vamp.instance': 'one', 'io.vamp.ports': '{"web":8080}', 'io.vamp.health-checks': 'broken' } },
    HostConfig: { NetworkMode: 'bridge' }, NetworkSettings: { Networks: { bridge: { IPAddress: '172.17.0.2' } } },
  })
  const seen = (state: Partial<Inspected['State']>, starting = false) => { const { state: is, health, reason } = observed(inspected(state), starting); return [is, health, reason] }

  expect(observed(inspected({}), false)).toMatchObject({ id: 'one', host: '172.17.0.2', ports: { web: 8080 }, health_checks: [], since: Date.parse('2026-01-01T00:00:01Z') })
  expect(seen({})).toEqual(['running', 'healthy', undefined])
  expect(seen({ Health: { Status: 'starting' } })).toEqual(['running', 'unknown', undefined])
  expect(seen({ Health: { Status: 'unhealthy', Log: [{ Output: 'curl: (7)\n' }] } })).toEqual(['running', 'unhealthy', 'HEALTHCHECK of the image failed: curl: (7)'])
  expect(seen({ Status: 'created' }, true)).toEqual(['starting', 'unknown', undefined])
  expect(seen({ Status: 'created' })).toEqual(['exited', 'unknown', 'was created and never started'])
  expect(seen({ Status: 'exited', ExitCode: 3 })).toEqual(['exited', 'unknown', 'exited with code 3'])
  expect(seen({ Status: 'exited', ExitCode: 137 })).toEqual(['exited', 'unknown', 'was ended by signal 9 (code 137)'])
  expect(seen({ Status: 'exited', ExitCode: 137, OOMKilled: true })[2]).toContain('more memory')
})

test('refusals of an engine are told apart', () => {
  const code = (status: number, message: string) => faultOf(status, JSON.stringify({ message }), {}).code
  expect(code(404, 'No such image: shop:1')).toBe('image_not_found')
  expect(code(404, 'No such container: x')).toBe('not_found')
  expect(code(500, 'write /var/lib: no space left on device')).toBe('disk_full')
  expect(code(500, 'driver failed: Bind for 0.0.0.0:80 failed: port is already allocated')).toBe('port_taken')
  expect(faultOf(502, 'bad gateway', {})).toMatchObject({ code: 'container_failed', message: 'bad gateway' })
})

test('streams are read whatever their chunks are', async () => {
  const frame = (stream: number, text: string) => { const header = Buffer.alloc(8); header[0] = stream; header.writeUInt32BE(Buffer.byteLength(text), 4); return Buffer.concat([header, Buffer.from(text)]) }
  const whole = Buffer.concat([frame(1, '2026-01-01T00:00:00.5Z héllo\n2026-01-01T00:00:01Z wor'), frame(2, '2026-01-01T00:00:02Z oops\n'), frame(1, 'ld\n')])
  const chunks = (bytes: Uint8Array, size: number) => Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.slice(index * size, (index + 1) * size))
  for (const size of [1, 3, 7, 1000]) {
    const lines = await Array.fromAsync(readLogLines(ReadableStream.from(chunks(whole, size))))
    expect(lines.map(({ stream, line }) => [stream, line])).toEqual([['stdout', 'héllo'], ['stderr', 'oops'], ['stdout', 'world']])
    expect(await Array.fromAsync(jsonLines(ReadableStream.from(chunks(Buffer.from('{"a":"é"}\n\n{"b":2}'), size))))).toEqual([{ a: 'é' }, { b: 2 }])
  }
})
