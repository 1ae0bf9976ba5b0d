/** The right size on the real thing: HAProxy, processes, a server that is killed. The long runs are `npm run bench -- scaling --real …`. */
import { expect, test } from 'vitest'
import { soak, zero } from '../bench/scaling/live.ts'

const CHANGES = Number(process.env['SCALING_CHANGES'] ?? 8)

test('sizes at random under load, with the server killed in between: no request fails', async () => {
  expect(await soak(CHANGES, 1)).toMatchObject({ changes: CHANGES, kills: 1, failed: 0 })
})

test('a service that was given up is back for its first visitors, who waited at the gateway', async () => {
  expect(await zero()).toMatchObject({ failed: 0, instances_before: 0 })
})
