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
            port_6379: "6379"
`)
  expect(parsed.is === 'ok' && parsed.value.comments).toEqual([
    "Did not include unsupported field: 'volumes'.",
    "Only the container's port of '8080:80' in 'web' is kept; Vamp chooses the host's.",
    "Did not include unsupported field: 'web/restart'.",
    "'REDIS' of 'web' refers to the gateway of 'redis'.",
  ])
})

test('what is made is a blueprint of the language', () => {
  const parsed = parseCompose('shop', FILE)
  const blueprint = parsed.is === 'ok' ? parsed.value.blueprint : undefined

  expect(blueprint && parseArtifact('blueprints', printYaml(blueprint))).toEqual({ is: 'ok', value: blueprint })
})

test('files without a services section list the services themselves', () => {
  const parsed = parseCompose('shop', 'web:\n  image: acme/web\n')

  expect(parsed.is === 'ok' && parsed.value.blueprint.clusters.map(({ name }) => name)).toEqual(['web'])
})

test.each([
  ['web: { image: a, ports: ["53:53/udp"] }', 'UnsupportedProtocolError'], ['web: { build: . }', 'MissingPathValueError'], ['services: {}', 'MissingPathValueError'],
  ['web: { image: a, ports: [http] }', 'UnexpectedTypeError'], ['[1]', 'UnexpectedTypeError'],
])('%s is refused', (text, code) => {
  expect(parseCompose('shop', text)).toMatchObject({ is: 'refused', problems: expect.arrayContaining([expect.objectContaining({ code })]) })
})
