/**
 * What changes cost under full load, and whether they lose anything: weights ordered over the API of a whole server with its own
 * HAProxy, then instances that come and are drained away, and reloads that are forced. Kept and short connections all the while,
 * every answer judged against what had been acknowledged when its request began. Needs HAProxy.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { findBinary } from '../../agent/src/proxy/haproxy/process.ts'
import { freePorts } from '../free-ports.ts'
import { weightChanges } from './api.ts'
import type { Judged } from './judge.ts'
import { timeLimit } from './limit.ts'
import { scaling } from './scaling.ts'

export async function run(args: readonly string[]): Promise<void> {
  const option = (name: string, usual: number) => args.includes(name) ? Number(args[args.indexOf(name) + 1]) : usual
  const [weights, scalings, reloads, wanted] = [option('--weights', 1000), option('--scalings', 200), option('--reloads', 50), option('--requests', 400_000)]
  const limit = timeLimit(option('--seconds', 540))
  const directory = mkdtempSync('/tmp/vamp-updates-')
  const instances = await freePorts(12)
  const upstream = spawnBackends(directory, instances)
  try {
    const api = await weightChanges({ directory, instances, changes: weights, requests: wanted / 2, limit })
    const own = await scaling({ directory, instances, scalings, reloads, requests: wanted / 2, limit })
    const sum = (name: keyof Judged) => api.judged[name] + own.judged[name]
    const result = {
      changes: { weights: api.changes, scale_outs: own.scalings, drained_scale_ins: own.scalings, forced_reloads: own.reloaded },
      ...(limit.over() ? { cut_short: true } : {}),
      requests: sum('requests'), judged: sum('judged'), failed_requests: sum('failed'), resets: sum('resets'), wrong_version: sum('wrong'),
      effect_ms: { p50: at(api.saturated, 0.5), p99: at(api.saturated, 0.99), idle_p50: at(api.idle, 0.5), idle_p99: at(api.idle, 0.99), idle_p50_on_disk: at(api.durable, 0.5), idle_p99_on_disk: at(api.durable, 0.99) },
      reloads: Object.fromEntries([...new Set([...Object.keys(api.reloads), ...Object.keys(own.reloads)])].map(reason => [reason, (api.reloads[reason] ?? 0) + (own.reloads[reason] ?? 0)])),
    }
    console.log(args.includes('--json') ? JSON.stringify(result) : result)
  } finally {
    upstream.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

/** One HAProxy answers for all instances, each with its number. */
function spawnBackends(directory: string, ports: readonly number[]): ChildProcess {
  const config = `${directory}/instances.cfg`
  writeFileSync(config, `global\n  nbthread 1\ndefaults\n  mode http\n  timeout client 60s\n  timeout http-keep-alive 60s\n${ports.map((port, index) =>
    `frontend i${index}\n  bind 127.0.0.1:${port}\n  http-request return status 200 content-type text/plain hdr x-v ${index} string ok\n`).join('')}`)
  return spawn(findBinary() ?? 'haproxy', ['-db', '-f', config], { stdio: 'ignore', env: {} })
}

const at = (values: readonly number[], share: number) => Math.round((values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN) * 100) / 100
