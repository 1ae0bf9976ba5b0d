import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { expect, test } from 'vitest'
import { cellOf, START } from './contract.ts'
import { rateOf, stepsOf } from './steps.ts'
import { openTraffic } from './traffic.ts'

test('every step has a number, also those in which nothing came', async () => {
  const traffic = openTraffic({ clock: virtualClock((START + 600) * 1000) })
  for (const [sequence, second] of [60, 61, 200].entries()) await traffic.add({ agent: 'a', sequence, second: START + second, dropped: 0, cells: [cellOf([1, 2, 3], { route: 'shop/web/web:1.0/http' }), cellOf([1])] })
  const rates = async (from: number, to: number, step: number) => await stepsOf(traffic, { place: { deployment: 'shop' }, from: START + from, to: START + to, step }, rateOf)

  expect(await rates(5, 300, 60)).toEqual({ from: START, step: 60, values: [0, 0.1, 0, 0.05, 0] })
  expect((await rates(60, 66, 3)).values).toEqual([2, 0])
})
