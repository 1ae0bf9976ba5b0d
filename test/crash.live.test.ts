/** A few of the random lives of `npm run bench -- crash`: kills of server, instances and engine, behind a gateway with visitors. */
import { findBinary } from '@vamp/agent/proxy/haproxy/process'
import { whyNoEngine } from '@vamp/server/container/docker/testdata/test-engine'
import { describe, expect, test } from 'vitest'
import { liveAll } from '../bench/crash/bench.ts'

/** Versions that are replaced, fewer instances, another environment: each of them leads instances out. */
const SEEDS = { process: [4, 16, 38], docker: [6, 24] } as const
const LIFE_MS_MAX = 180_000

describe.skipIf(findBinary() === undefined)('what is wanted runs, once, and who can be served is, whatever is killed', () => {
  test('as processes', { timeout: 60_000 + SEEDS.process.length * LIFE_MS_MAX }, async () => {
    const accounts = await liveAll({ containers: 'process', seeds: SEEDS.process, lanes: SEEDS.process.length })

    expect(accounts.flatMap(({ seed, wrong, trail }) => wrong.map(what => [seed, what, ...trail]))).toEqual([])
    expect(accounts.map(({ kills, requests }) => kills > 0 && requests > 50)).toEqual(SEEDS.process.map(() => true))
  })

  test.skipIf(whyNoEngine() !== undefined)('as containers', { timeout: 120_000 + SEEDS.docker.length * LIFE_MS_MAX }, async () => {
    const accounts = await liveAll({ containers: 'docker', seeds: SEEDS.docker, lanes: SEEDS.docker.length })

    expect(accounts.flatMap(({ seed, wrong, trail }) => wrong.map(what => [seed, what, ...trail]))).toEqual([])
    expect(accounts).toHaveLength(SEEDS.docker.length)
  })
})
