import { expect, test } from 'vitest'
import { printYaml } from '../print/yaml.ts'
import { parseCompose } from './compose.ts'
import { parseArtifact } from './document.ts'

const FILE = `
version: "3"
services:
  web:
    image: acme/web:1
    ports: ["8080:80", "443"]
    environment:
      REDIS: redis:6379
      MODE: live
      SECRET:
    depends_on: [db]
    command: run --name "the web"
    restart: always
  db:
    image: postgres:17
    ports: [ { target: 5432, published: 5432, protocol: tcp } ]
    environment: [POSTGRES_DB=shop]
  redis:
    image: redis:7
volumes: { data: {} }
`

test('every service becomes a cluster, and what was left out is said', () => {
  const parsed = parseCompose('shop', FILE)

  expect(parsed.is === 'ok' && printYaml(parsed.value.blueprint)).toBe(`kind: blueprint
name: shop
clusters:
  web:
    services:
      - breed:
          name: web:1.0.0
          deployable:
            type: container/docker
            definition: acme/web:1
          ports:
            port_80: "80"
            port_443: "443"
          environment_variables:
            REDIS: $redis.host:$redis.ports.port_6379
            MODE: live
            SECRET: null
          dependencies:
            db: db:1.0.0
            redis: redis:1.0.0
        dialects:
          docker:
            Cmd:
              - run
              - --name
              - the web
  db:
    services:
      - breed:
          name: db:1.0.0
          deployable:
            type: container/docker
            definition: postgres:17
          ports:
            port_5432: 5432/tcp
          environment_variables:
            POSTGRES_DB: shop
  redis:
    services:
      - breed:
          name: redis:1.0.0
          deployable:
            type: container/docker
            definition: redis:7
          ports:
            port_6379: 6379/tcp
`)
  expect(parsed.is === 'ok' && parsed.value.comments).toEqual([
    "Did not include unsupported field: 'volumes'.",
    "Only the container's port of '8080:80' in 'web' is kept; Vamp chooses the host's.",
    "'REDIS' of 'web' refers to the gateway of 'redis'.",
  ])
})

test('what is made is a blueprint of the language', () => {
  const parsed = parseCompose('shop', FILE)
  const blueprint = parsed.is === 'ok' ? parsed.value.blueprint : undefined

  expect(blueprint && parseArtifact('blueprints', printYaml(blueprint))).toEqual({ is: 'ok', value: blueprint })
})

const RUNNING = `
services:
  web:
    image: acme/web:1
    ports: ["8080:80"]
    expose: ["9000"]
    deploy:
      replicas: 3
      resources: { limits: { cpus: "0.5", memory: 512M } }
      placement: { constraints: [node.role == worker] }
    healthcheck: { test: [CMD, curl, -f, "http://localhost:9000/ready"], interval: 1m30s, timeout: 500ms, retries: 5, start_period: 10s }
    depends_on: { db: { condition: service_healthy }, seed: { condition: service_completed_successfully } }
    restart: unless-stopped
  db:
    image: postgres:17
    ports: ["5432/tcp"]
    healthcheck: { test: pg_isready -U postgres }
    scale: 2
  seed: { image: acme/seed:1, restart: "no", healthcheck: { test: [NONE] } }
  worker: { image: acme/worker:1, healthcheck: { test: "test -f /tmp/alive || exit 1" } }
`

test('how many there are, how large, and how one sees that they are well is carried over', () => {
  const parsed = parseCompose('shop', RUNNING)
  const blueprint = parsed.is === 'ok' ? parsed.value.blueprint : undefined
  const services = Object.fromEntries(blueprint?.clusters.map(({ name, services: [service] }) => [name, service]) ?? [])
  const breed = (name: string) => { const found = services[name]?.breed; return found?.is === 'inline' ? found.value : undefined }

  expect(services['web']?.scale).toMatchObject({ value: { cpu: 0.5, memory: 536.87, instances: 3 } })
  expect(services['db']?.scale).toMatchObject({ value: { cpu: 1, memory: 1000, instances: 2 } })
  expect(services['worker']?.scale).toBeUndefined()
  expect(breed('web')?.health_checks).toEqual([{ path: '/ready', port: 'port_9000', initial_delay: 10, timeout: 0.5, interval: 90, failures: 5, protocol: 'HTTP' }])
  expect(breed('web')?.ports.map(({ name }) => name)).toEqual(['port_80', 'port_9000'])
  expect(breed('db')?.health_checks).toEqual([{ path: '/', port: 'port_5432', initial_delay: 0, timeout: 30, interval: 30, failures: 3, protocol: 'TCP' }])
  expect([breed('seed')?.health_checks, breed('worker')?.health_checks]).toEqual([[], undefined])
  expect(Object.keys(breed('web')?.dependencies ?? {})).toEqual(['db', 'seed'])
  expect(blueprint && parseArtifact('blueprints', printYaml(blueprint))).toEqual({ is: 'ok', value: blueprint })
  expect(parsed.is === 'ok' && parsed.value.comments).toEqual([
    "Did not include unsupported field: 'web/deploy/placement'.",
    "Only the container's port of '8080:80' in 'web' is kept; Vamp chooses the host's.",
    "'web' waits until 'seed' is ready, not until it has ended.",
    "'seed' is started again when it ends, although its restart is 'no'.",
    "'db' is examined by connecting to its port 5432: its health check runs a command in the container, which Vamp does not.",
    "The health check of 'worker' is left out: it runs a command in the container, and there is no port to connect to instead.",
  ])
})

test('what speaks something else than HTTP is routed as it is, and examined on the port that others know', () => {
  const parsed = parseCompose('shop', 'web: { image: a, environment: { DB: "db:5432" } }\ndb: { image: postgres, healthcheck: { test: pg_isready } }')

  expect(parsed.is === 'ok' && printYaml(parsed.value.blueprint)).toMatch(/port_5432: 5432\/tcp[\s\S]*port: port_5432[\s\S]*protocol: TCP/)
})

test('a port that only the health check knows is one of the breed', () => {
  const parsed = parseCompose('shop', 'web: { image: a, healthcheck: { test: "wget -qO- http://127.0.0.1/ || exit 1" } }')

  expect(parsed.is === 'ok' && printYaml(parsed.value.blueprint)).toMatch(/port_80: "80"[\s\S]*port: port_80/)
})

test('what only Compose would put a value in place of is told, with what to write instead', () => {
  const parsed = parseCompose('shop', `
web:
  image: acme/web:\${TAG}
  depends_on: [api]
  environment:
    API: http://api:3000/v1
    DB_HOST: db
    DB_PASSWORD: \${DB_PASSWORD}
    COLOUR: \${COLOUR:-red}
    PRICE: $$5
    NAME: my db
api: { image: acme/api, ports: ["3000"] }
db: { image: "postgres:17" }
`)

  expect(parsed.is === 'ok' && parsed.value.comments).toEqual([
    `\${TAG} in the image of 'web' is a variable of Compose, which Vamp does not fill in: write what it stands for.`,
    "'API' of 'web' has the name of the service 'api', which is no host name here: write http://$api.host:$api.ports.port_3000/v1.",
    "'DB_HOST' of 'web' has the name of the service 'db', which is no host name here: write $db.host, with db: db:1.0.0 among the dependencies of 'web'.",
    `\${DB_PASSWORD} in 'DB_PASSWORD' of 'web' is a variable of Compose, which Vamp does not fill in: write what it stands for.`,
    `\${COLOUR:-red} in 'COLOUR' of 'web' is a variable of Compose, which Vamp does not fill in: write what it stands for.`,
  ])
  expect(parsed.is === 'ok' && parseArtifact('blueprints', printYaml(parsed.value.blueprint))).toMatchObject({ is: 'ok' })
  expect(parsed.is === 'ok' && printYaml(parsed.value.blueprint)).toMatch(/COLOUR: \$\$\{COLOUR:-red\}\s+PRICE: \$\$5/)
})

test('files without a services section list the services themselves', () => {
  const parsed = parseCompose('shop', 'web:\n  image: acme/web\n')

  expect(parsed.is === 'ok' && parsed.value.blueprint.clusters.map(({ name }) => name)).toEqual(['web'])
})

test.each([
  ['web: { image: a, ports: ["53:53/udp"] }', 'UnsupportedProtocolError'], ['web: { build: . }', 'MissingPathValueError'], ['services: {}', 'MissingPathValueError'],
  ['web: { image: a, ports: [http] }', 'UnexpectedTypeError'], ['web: { image: a, mem_limit: much }', 'UnexpectedTypeError'], ['web: { image: a, healthcheck: { test: x, interval: soon } }', 'UnexpectedTypeError'], ['[1]', 'UnexpectedTypeError'],
])('%s is refused', (text, code) => {
  expect(parseCompose('shop', text)).toMatchObject({ is: 'refused', problems: expect.arrayContaining([expect.objectContaining({ code })]) })
})
