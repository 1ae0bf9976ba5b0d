import type { DeploymentView } from '@vamp/model/api/deployments'
import type { GatewayView } from '@vamp/model/api/gateways'
import { expect, test } from 'vitest'
import { troublesOf } from './troubles.ts'

const service = (phase: object, instances: readonly object[] = [], unhealthy = 0) => ({ status: { intention: 'Deployment', since: '', phase }, breed: { name: 'web:1' }, instances, health: { unhealthy } })
const deployment = (...services: readonly object[]) => ({ name: 'shop', clusters: { web: { services, gateways: {} } } }) as unknown as DeploymentView
const gateway = (state: object, deployed: boolean) => ({ name: 'front', deployed, state }) as unknown as GatewayView
const whys = (...given: Parameters<typeof troublesOf>) => troublesOf(...given).map(({ what, why }) => `${what}: ${why}`)

test('what is well does not hurt', () => {
  expect(whys([deployment(service({ name: 'Done' }, [{ state: 'ready' }]))], [gateway({}, true)])).toEqual([])
})

test('failed services, failed instances, failed checks and gateways with problems hurt, with their reasons', () => {
  expect(whys([deployment(service({ name: 'Failed', notification: 'No such program.' }), service({ name: 'Updating' }, [{ state: 'failed', reason: 'It ended with 1.' }, { state: 'ready' }]), service({ name: 'Done' }, [], 2))], [gateway({ problem: 'port_taken' }, false)])).toEqual([
    'shop/web web:1: No such program.', 'shop/web web:1: 1 of 2 instances failed. It ended with 1.', 'shop/web web:1: 2 instances do not pass their health check.', 'Gateway front: port_taken',
  ])
})
