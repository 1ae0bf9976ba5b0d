/** A world from a JSON file; the parameters are described in docs/judge.md. What is left out is quiet. */
import type { World } from './world.ts'

const KNOWN = new Set(['rps', 'errors', 'latency', 'noise', 'fault', 'instances', 'sessions', 'history'])

export function parseWorld(text: string): World {
  const read: unknown = JSON.parse(text)
  if (typeof read !== 'object' || read === null || Array.isArray(read)) throw new Error('a world is an object')
  const unknown = Object.keys(read).filter(key => !KNOWN.has(key))
  if (unknown.length > 0) throw new Error(`a world has no ${unknown.join(', ')}; it has ${[...KNOWN].join(', ')}`)
  const given = read as Partial<World>
  const world: World = { rps: 100, errors: 0.001, instances: 8, ...given, latency: { median: 100, sigma: 0.6, ...given.latency }, noise: given.noise ?? {}, fault: given.fault ?? {} }
  if (!(world.rps > 0) || !(world.errors >= 0 && world.errors <= 1)) throw new Error('a world needs rps above 0 and errors in [0, 1]')
  return world
}
