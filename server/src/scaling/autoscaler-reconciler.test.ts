import { expect, test } from 'vitest'
import { rememberAll } from './autoscaler-reconciler.ts'

test('while a long past is remembered others have their turn', async () => {
  let [turns, remembered, running] = [0, 0, true]
  const turn = () => { if (running) { turns++; setImmediate(turn) } }
  setImmediate(turn)

  await rememberAll({ remember() { remembered++ } }, Array.from({ length: 20_160 }, () => 1))
  running = false

  expect(remembered).toBe(20_160)
  expect(turns).toBeGreaterThanOrEqual(80)
})
