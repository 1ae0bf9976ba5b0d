/** `vamp init --image nginx:1.29 --port 80`, `vamp init --compose docker-compose.yml`: a first project, with what each line is for. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Blueprint } from '@vamp/model/blueprint'
import { parseCompose } from '@vamp/model/parse/compose'
import { parseBodies } from '@vamp/model/parse/document'
import { printYaml } from '@vamp/model/print/yaml'
import { describeProblems } from '@vamp/model/problem'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'

export interface InitFlags {
  readonly name?: string
  readonly image?: string
  readonly command?: string
  readonly compose?: string
  readonly port?: string
  readonly gatewayPort: string
  readonly force?: boolean
}

interface Written { readonly file: string; readonly text: string }

export async function init(io: Io, directory: string, flags: InitFlags): Promise<number> {
  if ([flags.image, flags.command, flags.compose].filter(Boolean).length > 1) throw new CommandFailure(EXIT.usage, 'say one of --image, --command and --compose')
  if (flags.port !== undefined && !isPort(flags.port)) throw new CommandFailure(EXIT.usage, `--port ${flags.port} is no port`)
  if (!isPort(flags.gatewayPort)) throw new CommandFailure(EXIT.usage, `--gateway-port ${flags.gatewayPort} is no port`)
  const name = flags.name ?? nameFrom(basename(resolve(directory)))
  const project = flags.compose === undefined ? ofOne(name, flags) : await ofCompose(name, flags.compose, flags)
  for (const { file, text } of project) {
    const parsed = parseBodies(text)
    if (parsed.is === 'refused') throw new CommandFailure(EXIT.refused, `nothing was written\n${describeProblems(parsed.problems, file)}`)
  }
  await write(io, directory, project, flags.force === true)
  const at = (index: number) => join(directory, project[index]?.file ?? '')
  // A server runs processes unless it is told otherwise, and would refuse an image.
  const up = flags.image === undefined && flags.compose === undefined ? 'vamp up' : 'vamp up --containers docker'
  io.out(`\nNext:\n  ${up.padEnd(39)} # in another terminal, if it does not run yet\n  vamp apply -f ${at(0)} --wait\n  curl http://127.0.0.1:${flags.gatewayPort}/\n  vamp apply -f ${at(1)}           # when there is a next version\n`)
  return EXIT.ok
}

const isPort = (text: string) => /^\d+$/.test(text) && Number(text) > 0 && Number(text) < 65_536
const nameFrom = (folder: string) => folder.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'shop'

/** Nothing is overwritten unasked, and then nothing at all is written. */
async function write(io: Io, directory: string, project: readonly Written[], force: boolean): Promise<void> {
  const there = (await Promise.all(project.map(async ({ file }) => await stat(join(directory, file)).then(() => [file], () => [])))).flat()
  if (there.length > 0 && !force) throw new CommandFailure(EXIT.refused, `there is ${there.join(' and ')} already; nothing was written\n  → --force writes over it`)
  await mkdir(directory, { recursive: true })
  for (const { file, text } of project) {
    await writeFile(join(directory, file), text)
    io.out(`${join(directory, file)} written\n`)
  }
}

/** `nginx:1.29` → the version 1.29 of `web`. */
function ofOne(name: string, { image, command, port, gatewayPort }: InitFlags): readonly Written[] {
  const tag = image === undefined ? '1.0' : /:([\w.-]+)$/.exec(image)?.[1] ?? 'latest'
  const breed = `${name}:${tag}`
  const number = port ?? (image === undefined ? '0' : '80')
  const deployable = (what: string) => image === undefined
    ? `  type: process\n  definition: ${JSON.stringify(command ?? 'node server.js')}${command === undefined ? '   # the program; change this line' : ''}`
    : `  type: container/docker\n  definition: ${what}`
  return [{ file: `${name}.yml`, text: `# What runs. vamp apply -f ${name}.yml stores it and deploys it; doing so again changes only what differs.

# A breed is one version of one service.
kind: breed
name: ${breed}
deployable:
${deployable(image ?? '')}
ports:
  http: ${number}/http${number === '0' ? '                # 0: a free port is chosen; the program reads it from the variable PORT' : '               # where it listens'}
# environment_variables:
#   LOG_LEVEL: info
health_checks:                  # it gets requests when it passes, and is replaced when it fails so many times in a row
  - { path: /, port: http, initial_delay: 1s, interval: 2s, timeout: 2s, failures: 3 }
---
# A blueprint is what should run together: clusters of services, and the gateways that lead to them.
kind: blueprint
name: ${name}
gateways:
  ${gatewayPort}: web/http                # visitors come in here
clusters:
  web:
    services:
      - breed: ${breed}
        scale: { cpu: 0.2, memory: 128MB, instances: 2 }   # of each: cores and memory; and how many
` }, releaseFile({ name, cluster: 'web', breed, deployable: deployable(nextOf(image ?? '')), port: `http: ${number}/http`, check: 'http' })]
}

const nextOf = (image: string) => `${image.replace(/:[\w.-]+$/, '')}:next`

interface Next { readonly name: string; readonly cluster: string; readonly breed: string; readonly deployable: string; readonly port: string; /** The port that is asked whether it is well. */ readonly check: string }

function releaseFile({ name, cluster, breed, deployable, port, check }: Next): Written {
  const next = `${breed.replace(/:[^:]*$/, '')}:next`
  return { file: `${name}-release.yml`, text: `# The next version and how it comes to the visitors. Give it its real version and deployable, then vamp apply -f ${name}-release.yml
kind: breed
name: ${next}
deployable:
${deployable}
ports:
  ${port}
health_checks:
  - { path: /, port: ${check}, initial_delay: 1s, interval: 2s, timeout: 2s, failures: 3 }
---
# It begins with a small share of the requests and gets more as the evidence grows that it does no harm. Every request is
# measured; if it does harm it goes back by itself, within seconds. vamp release status ${name}-${cluster}-next --watch
kind: release
name: ${name}-${cluster}-next
deployment: ${name}
cluster: ${cluster}
to: ${next}
confidence: 99%                 # at most 1 in 100 good versions is sent back by chance, however often one looks
exposure:
  bad_requests: 200             # it ends before more requests than this have gone wrong
keep: 30m                       # the old version stays warm for so long: going back takes a moment
# audience: user-agent contains "Android"     # only these visitors take part
# ramp: [1%, 5%, 25%, 50%, 100%]              # fixed steps instead of what the evidence allows
` }
}

async function ofCompose(name: string, file: string, { gatewayPort }: InitFlags): Promise<readonly Written[]> {
  const text = await readFile(file, 'utf8').catch(error => { throw new CommandFailure(EXIT.not_found, `${file} cannot be read: ${String((error as NodeJS.ErrnoException).code)}`) })
  const parsed = parseCompose(name, text)
  if (parsed.is === 'refused') throw new CommandFailure(EXIT.refused, `nothing was written\n${describeProblems(parsed.problems, file)}`)
  const { blueprint, comments } = parsed.value
  const first = firstPort(blueprint)
  const gateways = first === undefined ? '' : `gateways:\n  ${gatewayPort}: ${first.cluster}/${first.port}   # visitors come in here\n`
  const body = printYaml(blueprint).replace(/^clusters:/m, `${gateways}clusters:`)
  const notes = comments.map(comment => `# ${comment.replaceAll('\n', ' ')}\n`).join('')
  const cluster = first?.cluster ?? blueprint.clusters[0]?.name ?? 'web'
  return [
    { file: `${name}.yml`, text: `# Made of ${basename(file)}: every compose service is a cluster of its own. vamp apply -f ${name}.yml stores and deploys it.\n${notes}${body}` },
    releaseFile({ name, cluster, breed: `${cluster}:1.0.0`, deployable: `  type: container/docker\n  definition: ${imageOf(blueprint, cluster)}`, port: `${first?.port ?? 'http'}: ${first?.number ?? 80}/http`, check: first?.port ?? 'http' }),
  ]
}

function firstPort(blueprint: Blueprint): { readonly cluster: string; readonly port: string; readonly number: number } | undefined {
  for (const { name, services } of blueprint.clusters)
    for (const { breed } of services) {
      const [port] = breed.is === 'inline' ? breed.value.ports : []
      if (port) return { cluster: name, port: port.name, number: port.number }
    }
  return undefined
}

function imageOf(blueprint: Blueprint, cluster: string): string {
  const breed = blueprint.clusters.find(({ name }) => name === cluster)?.services[0]?.breed
  return breed?.is === 'inline' && breed.value.deployable ? nextOf(breed.value.deployable.definition) : 'image:next'
}
