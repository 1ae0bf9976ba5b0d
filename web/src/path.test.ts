import { expect, test } from 'vitest'
import { path } from './path.ts'

test('every address that the site can make', () => {
  expect({
    overview: path.overview(), releases: path.releases(), newRelease: path.newRelease(), newReleaseAt: path.newRelease({ deployment: 'shop', cluster: 'web' }),
    release: path.release('shop-web-1.1'), deployments: path.deployments(), deployment: path.deployment('a b'),
    logs: path.logs({ deployment: 'shop', cluster: 'web', service: 'web:1.0' }), cluster: path.cluster({ deployment: 'shop', cluster: 'web' }), service: path.service({ deployment: 'shop', cluster: 'web', service: 'web:1.0' }), instance: path.instance({ deployment: 'shop', cluster: 'web', service: 'web:1.0', instance: 'a1' }), graph: path.deploymentGraph(),
    gateways: path.gateways(), gateway: path.gateway('shop/web/http'), strangeGateway: path.gateway('shop/[10.0.0.1:80]'),
    events: path.events(), eventsOf: path.events({ tag: 'releases:x', type: '' }), artifacts: path.artifacts(), artifact: path.artifact('breeds', 'web:1.0'), newArtifact: path.newArtifact('breeds'), info: path.info(),
    autoscalers: path.autoscalers(), autoscaler: path.autoscaler('shop-web'), slas: path.slas(), scales: path.scales(), workflows: path.workflows(), workflow: path.workflow('night watch'), tokens: path.tokens(), settings: path.settings(),
  }).toMatchInlineSnapshot(`
    {
      "artifact": "/artifacts/breeds/web%3A1.0",
      "artifacts": "/artifacts/blueprints",
      "autoscaler": "/autoscalers/shop-web",
      "autoscalers": "/autoscalers",
      "cluster": "/deployments/shop/clusters/web",
      "deployment": "/deployments/a%20b",
      "deployments": "/deployments",
      "events": "/events",
      "eventsOf": "/events?tag=releases%3Ax",
      "gateway": "/gateways/shop/web/http",
      "gateways": "/gateways",
      "graph": "/deployments?view=graph",
      "info": "/info",
      "instance": "/deployments/shop/clusters/web/services/web%3A1.0/instances/a1",
      "logs": "/deployments/shop/clusters/web/services/web%3A1.0/logs",
      "newArtifact": "/artifacts/breeds?new=",
      "newRelease": "/releases/new",
      "newReleaseAt": "/releases/new?deployment=shop&cluster=web",
      "overview": "/",
      "release": "/releases/shop-web-1.1",
      "releases": "/releases",
      "scales": "/scales",
      "service": "/deployments/shop/clusters/web/services/web%3A1.0",
      "settings": "/settings",
      "slas": "/slas",
      "strangeGateway": "/gateways/shop/%5B10.0.0.1%3A80%5D",
      "tokens": "/tokens",
      "workflow": "/workflows/night%20watch",
      "workflows": "/workflows",
    }
  `)
})
