import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCarriedFile, readCarried } from './files.ts'
import { EMPTY, layOut } from './layout.ts'
import type { GatewayTable } from '@vamp/model/routing/table'

let directory = ''
beforeEach(() => { directory = mkdtempSync('/tmp/vamp-carried-') })
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const gateway = (at: number, weight: number): GatewayTable => ({
  name: `g${at}`, lookup_name: '', address: '127.0.0.1', port: 9000 + at, mode: 'http', virtual_hosts: [], sticky: 'none',
  routes: [{ path: '[10.0.0.1:80]', lookup_name: '', weight, strength: 0, rewrites: [], target: { is: 'endpoints', endpoints: [{ id: '10.0.0.1:80', host: '10.0.0.1', port: 80, state: 'ready' }] } }],
})

test('what was carried last is read again, whatever changed, came and went, and a line that was not written to its end is not', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ at: fc.nat(4), weight: fc.constantFrom(undefined, 1, 2, 3), tear: fc.boolean() }), { maxLength: 30 }), async steps => {
    const file = openCarriedFile(directory)
    let gateways: readonly GatewayTable[] = [gateway(0, 1), gateway(1, 1), gateway(2, 1)]
    let layout = layOut(EMPTY, { revision: 1, gateways })
    await file.write({ version: 1, side: 'b', layout })
    for (const [at, step] of steps.entries()) {
      const others = gateways.filter(({ name }) => name !== `g${step.at}`)
      gateways = step.weight === undefined ? others : [...others, gateway(step.at, step.weight)].sort((a, b) => a.port - b.port)
      layout = layOut(layout, { revision: 2 + at, gateways })
      await file.follow(layout)
      if (step.tear && at === steps.length - 1) appendFileSync(join(directory, 'carried-since.jsonl'), '{"revision":99,"gate')
      expect(await readCarried(directory)).toEqual({ version: 1, side: 'b', layout: JSON.parse(JSON.stringify(layout)) as unknown })
    }
  }), { numRuns: 30 })
})

test('a change of one gateway among many writes a line of its size, and what has been written since stays smaller than the whole', async () => {
  const file = openCarriedFile(directory)
  const all = Array.from({ length: 200 }, (_, at) => gateway(at, 1))
  let layout = layOut(EMPTY, { revision: 1, gateways: all })
  await file.write({ version: 1, side: 'a', layout })
  const whole = statSync(join(directory, 'carried.json')).size
  let most = 0
  for (let count = 1; count <= 300; count++) {
    layout = layOut(layout, { revision: 1 + count, gateways: layout.gateways.map(({ table }, at) => at === count % 200 ? gateway(at, 1 + count) : table) })
    await file.follow(layout)
    if (count === 1) expect(readFileSync(join(directory, 'carried-since.jsonl')).length).toBeLessThan(whole / 50)
    most = Math.max(most, statSync(join(directory, 'carried-since.jsonl'), { throwIfNoEntry: false })?.size ?? 0)
  }
  expect(most).toBeGreaterThan(whole / 2)
  expect(most).toBeLessThan(whole * 1.1)
  expect((await readCarried(directory))?.layout).toEqual(JSON.parse(JSON.stringify(layout)))
})
