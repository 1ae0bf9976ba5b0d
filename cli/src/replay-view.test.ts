import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import { parseArtifact } from '@vamp/model/parse/document'
import type { Release } from '@vamp/model/release'
import type { DecisionLog } from '@vamp/server/release/decision-log'
import type { Evidence } from '@vamp/server/release/evidence'
import { replay } from '@vamp/server/release/replay'
import { replayText } from './replay-view.ts'

const START = 1_800_000_000
const FAST = 200

function release(more: string): Release {
  const parsed = parseArtifact('releases', `kind: release\nname: shop-web-1.2\ndeployment: shop\ncluster: web\nto: web:1.2\n${more}`)
  if (parsed.is === 'refused') throw new Error(parsed.problems[0]?.message)
  return parsed.value
}

const arm = (requests: number, errors: number) => {
  const counted = { requests, errors, latency: [[FAST, requests] as const] }
  return { ...counted, parts: [counted], instances: [{ id: 'one', ...counted }] }
}

/** A minute of the old version alone, three seconds until the new one has its first requests, then a tenth of the traffic, of which some fails. */
function log(): DecisionLog {
  const evidence = Array.from({ length: 110 }, (_, index): Evidence => {
    const second = START + index
    const common = { second, after: index === 0 ? null : second - 1, at: second * 1000 + 1700 }
    if (index < 60) return { ...common, phase: 'preparing', baseline: arm(100, 0) }
    return index < 63 ? { ...common, phase: 'ramping', weight: index === 60 ? 0 : 10, share: index === 62 ? null : 0, age: 0, baseline: arm(100, 0), canary: arm(0, 0) }
      : { ...common, phase: 'ramping', weight: 10, share: 0.1, age: index - 63, baseline: arm(90, 0), canary: arm(10, index % 6 === 0 ? 1 : 0) }
  })
  const told = { timestamp: new Date((START + 100) * 1000 + 1700).toISOString(), change: 'rolled_back', weight: 0, harm: 120, sentence: 'Rolled back after 38 s.' }
  return { release: release('ramp: [10%, 50%]\n'), evidence, told: [{ ...told, timestamp: new Date(START * 1000).toISOString(), change: 'weight', weight: 10, harm: 1 }, told] }
}

test.each([['replay-again.txt', undefined, ''], ['replay-other.txt', 'careful.yml', 'confidence: 99.999%\n'], ['replay-hasty.txt', 'hasty.yml', 'confidence: 80%\nramp: [5%, 10%]\nhold: 5s\n']] as const)('what would have been decided stands beside what was (%s)', (file, policy, more) => {
  const recorded = log()

  const text = replayText(recorded, replay(recorded, policy === undefined ? recorded.release : release(more)), policy, { columns: 100, colours: createColors(false) })

  const golden = join(import.meta.dirname, 'testdata', file)
  if (process.env['UPDATE']) writeFileSync(golden, text)
  expect(text).toBe(readFileSync(golden, 'utf8'))
})
