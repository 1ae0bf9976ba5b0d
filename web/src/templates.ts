/** What a new document begins with: the least that is right, with what else there is in comments. */
const TEMPLATES: Readonly<Record<string, string>> = {
  blueprints: `kind: breed
name: web:1.0
deployable:
  type: process               # or docker
  definition: node server.js  # what is started; its port is in the variable PORT
ports:
  http: 0/http                # 0: a free one is chosen
health_checks:
  - { path: /, port: http, initial_delay: 5s, interval: 5s, timeout: 2s, failures: 3 }
---
kind: blueprint
name: shop
gateways:
  9050: web/http              # visitors come in here
clusters:
  web:
    services:
      - breed: web:1.0
        scale: { cpu: 0.5, memory: 256MB, instances: 2 }
`,
  breeds: `kind: breed
name: web:1.1
deployable:
  type: process
  definition: node server.js
ports:
  http: 0/http
`,
  gateways: `kind: gateway
name: front
port: 8081/http
routes:
  shop/web/http:
    weight: 100%
`,
  conditions: `kind: condition
name: beta
condition: has cookie beta
`,
  releases: `kind: release
name: shop-web-1.1
deployment: shop
cluster: web
to: web:1.1
`,
  scales: `kind: scale
name: small
cpu: 0.5
memory: 256MB
instances: 2
`,
}

export function templateOf(kind: string): string {
  return TEMPLATES[kind] ?? `kind: ${kind === 'policies' ? 'policy' : kind.replace(/s$/, '')}\nname: \n`
}
