/** The measurement itself, small: what is counted does not depend on how quick a machine is. */
import { findBinary } from '@vamp/agent/proxy/haproxy/process'
import { expect, test } from 'vitest'
import { measureExactness } from '../bench/evidence/exactness.ts'

test.skipIf(findBinary() === undefined)('every request is counted or told as lost, whatever is reloaded, drained, ended and killed meanwhile', { timeout: 180_000, retry: 0 }, async () => {
  const figures = await measureExactness({ requests: 40_000, connections: 3000, everySeconds: 2, kills: true })

  expect(figures).toMatchObject({ answered: 40_000, broken: 0, difference: 0 })
  expect(Object.keys(figures.disturbances).sort()).toEqual(['agent ended', 'agent killed', 'drain', 'reload', 'weights'])
  expect(Math.abs(figures.statusDifference)).toBeLessThanOrEqual(figures.lost)
})
