/** What a new document begins with: the least that is right, with what else there is in comments. */
const TEMPLATES: Readonly<Record<string, string>> = {
  blueprints: `kind: breed
name: web:1.0
deployable:
  type: process               # or container/docker
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

/** What there is already: a new document should not change it by oversight. */
export interface Taken { readonly names: ReadonlySet<string>; readonly ports: ReadonlySet<number> }

const NOTHING_TAKEN: Taken = { names: new Set(), ports: new Set() }

const [FIRST_PORT, NAMES_MAX] = [9050, 100]

export function templateOf(kind: string, { names, ports }: Taken = NOTHING_TAKEN): string {
  const template = TEMPLATES[kind] ?? `kind: ${kind === 'policies' ? 'policy' : kind.replace(/s$/, '')}\nname: \n`
  if (kind !== 'blueprints') return template
  const free = (name: string, suffix = '') => Array.from({ length: NAMES_MAX }, (_, index) => `${name}${index === 0 ? '' : `-${index + 1}`}${suffix}`).find(each => !names.has(each)) ?? name + suffix
  let port = FIRST_PORT
  while (ports.has(port)) port++
  return template.replaceAll('web:1.0', free('web', ':1.0')).replace('name: shop', `name: ${free('shop')}`).replace(String(FIRST_PORT), String(port))
}
