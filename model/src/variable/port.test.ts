import { expect, test } from 'vitest'
import type { Deployment, DeploymentService } from '../deployment.ts'
import type { Port } from '../port.ts'
import { resolvePorts } from './port.ts'

function resolve(ports: readonly Port[]) {
  const service: DeploymentService = {
    intention: 'Deployment', environment_variables: [{ name: 'ADMIN', value: '9091' }], arguments: [], dialects: {}, dependencies: { store: 'back' },
    breed: {
      kind: 'breeds', name: 'front:1', metadata: {}, deployable: { definition: 'x' }, ports, environment_variables: [{ name: 'ADMIN', value: '9090' }],
      constants: [{ name: 'LARGE', value: '65536' }], arguments: [], dependencies: {},
    },
    scale: { kind: 'scales', name: '', metadata: {}, cpu: 1, memory: 1, instances: 1 },
  }
  const deployment: Deployment = {
    kind: 'deployments', name: 'shop', metadata: {}, ports: { 'back.api': '40009' }, environment_variables: [], hosts: {}, dialects: {},
    clusters: [{ name: 'front', metadata: {}, services: [service], gateways: [], dialects: {} }],
  }
  return resolvePorts(deployment, 'front', service, { port: (cluster, port) => cluster === 'back' && port === 'sql' ? '40010' : undefined })
}

const port = (name: string, expression: string): Port => ({ name, number: 0, type: 'http', expression })

test('a port that is a reference has the number of what it refers to', () => {
  const given: Port[] = [{ name: 'web', number: 8080, type: 'http' }, { ...port('sql', '$store.ports.sql'), type: 'tcp' }, port('api', `\${back.ports.api}`), port('admin', '$ADMIN')]

  expect(resolve(given)).toEqual({ problems: [], ports: [
    { name: 'web', number: 8080, type: 'http' }, { name: 'sql', number: 40010, type: 'tcp' }, { name: 'api', number: 40009, type: 'http' }, { name: 'admin', number: 9091, type: 'http' },
  ] })
})

test.each(['$nowhere.ports.api', '$LARGE', '$NONE', '$back.host', '5$', 'eight', '0$NONE'])('%s is no port, and that is a problem', expression => {
  const { problems } = resolve([port('web', expression)])

  expect(problems).toMatchObject([{ code: 'UnresolvedPortReferenceError', path: 'clusters/front/services/front:1/ports/web', message: `Port 'web' of breed 'front:1' is '${expression}', which stands for no port number.` }])
})
