/** `vamp init --image nginx:1.29 --port 80`, `vamp init --compose docker-compose.yml`: a first project, with what each line is for. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Client } from '@vamp/client/client'
import { gateways } from '@vamp/model/api/gateways'
import type { Blueprint } from '@vamp/model/blueprint'
import type { Breed } from '@vamp/model/breed'
import { parseCompose } from '@vamp/model/parse/compose'
import { parseBodies } from '@vamp/model/parse/document'
import { printYaml } from '@vamp/model/print/yaml'
import { describeProblems } from '@vamp/model/problem'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { wrap } from '../wrap.ts'
import type { Io } from '../io.ts'
import type { Session } from '../session.ts'

export interface InitFlags {
  readonly name?: string
  readonly image?: string
  readonly command?: string
  readonly compose?: string
  readonly port?: string
  /** The first free one if not given. */
  readonly gatewayPort?: string
  readonly force?: boolean
}

interface Written { readonly file: string; readonly text: string }

interface Project { readonly files: readonly Written[]; /** Sentences about what is not as it was where it comes from. */ readonly changed: readonly string[] }

/** As the original's examples have it. */
const GATEWAY_PORT = 9050
/** A server that does not answer by then has no say in which port is free. */
const ANSWER_MS = 1500

export async function init({ io, client }: Session, directory: string, flags: InitFlags): Promise<number> {
  if ([flags.image, flags.command, flags.compose].filter(Boolean).length > 1) throw new CommandFailure(EXIT.usage, 'say one of --image, --command and --compose')
  if (flags.port !== undefined && !isPort(flags.port)) throw new CommandFailure(EXIT.usage, `--port ${flags.port} is no port`)
  if (flags.gatewayPort !== undefined && !isPort(flags.gatewayPort)) throw new CommandFailure(EXIT.usage, `--gateway-port ${flags.gatewayPort} is no port`)
  const name = flags.name ?? nameFrom(basename(resolve(directory)))
  const gatewayPort = flags.gatewayPort ?? await freePort(client, io)
  const { files, changed }: Project = flags.compose === undefined ? { files: ofOne(name, gatewayPort, flags), changed: [] } : await ofCompose(name, flags.compose, gatewayPort)
  for (const { file, text } of files) {
    const parsed = parseBodies(text)
    if (parsed.is === 'refused') throw new CommandFailure(EXIT.refused, `nothing was written\n${describeProblems(parsed.problems, file)}`)
  }
  await write(io, directory, files, flags.force === true)
  if (changed.length > 0) io.out(`\nOther than in ${basename(flags.compose ?? '')}:\n${changed.map(sentence => `${wrap(sentence, io.columns - 4).map((line, index) => `  ${index === 0 ? '' : '  '}${line}\n`).join('')}`).join('')}`)
  if (flags.image !== undefined && flags.port === undefined) io.out(`\nNothing says where ${flags.image} listens: port 80 with HTTP is a guess; --port or a change of ${files[0]?.file} says it.\n`)
  if (flags.image === undefined && flags.compose === undefined) io.out(`\n${wrap(`The program runs in the directory in which the server was started: ${flags.command ?? 'node server.js'} is found from there, or from dialects: {process: {cwd: …}}.`, io.terminal ? io.columns : Number.POSITIVE_INFINITY).join('\n')}\n`)
  const at = (index: number) => join(directory, files[index]?.file ?? '')
  // A server runs processes unless it is told otherwise, and would refuse an image.
  const up = flags.image === undefined && flags.compose === undefined ? 'vamp up' : 'vamp up --containers docker'
  const steps = [[up, 'in another terminal'], [`vamp apply -f ${at(0)} --wait`], [`curl http://127.0.0.1:${gatewayPort}/`], ...files.length > 1 ? [[`vamp apply -f ${at(1)}`, 'when there is a next version']] : []] satisfies readonly (readonly string[])[]
  const width = Math.max(...steps.map(([step = '']) => step.length))
  io.out(`\nNext:\n${steps.map(([step = '', why]) => `  ${why ? `${step.padEnd(width)}  # ${why}` : step}\n`).join('')}`)
  return EXIT.ok
}

const isPort = (text: string) => /^\d+$/.test(text) && Number(text) > 0 && Number(text) < 65_536
const nameFrom = (folder: string) => folder.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'shop'

/** Two gateways cannot have one port; a server that runs knows which ones are taken. */
async function freePort(client: Client, io: Io): Promise<string> {
  const known = await client.all(gateways.list, {}, AbortSignal.timeout(ANSWER_MS)).catch(() => [])
  const holders = new Map(known.map(({ name, port }) => [Number.parseInt(String(port), 10), name]))
  let port = GATEWAY_PORT
  while (holders.has(port)) port++
  if (port !== GATEWAY_PORT) io.out(`Visitors come in at port ${port}: ${GATEWAY_PORT} is that of gateway ${holders.get(GATEWAY_PORT)}.\n`)
  return String(port)
}

/** Nothing is overwritten unasked, and then nothing at all is written. */
async function write(io: Io, directory: string, files: readonly Written[], force: boolean): Promise<void> {
  const there = (await Promise.all(files.map(async ({ file }) => await stat(join(directory, file)).then(() => [file], () => [])))).flat()
  if (there.length > 0 && !force) throw new CommandFailure(EXIT.refused, `there is ${there.join(' and ')} already; nothing was written\n  → --force writes over it`)
  await mkdir(directory, { recursive: true })
  for (const { file, text } of files) {
    await writeFile(join(directory, file), text)
    io.out(`${join(directory, file)} written\n`)
  }
}

/** `nginx:1.29` → the version 1.29 of `web`. */
function ofOne(name: string, gatewayPort: string, { image, command, port }: InitFlags): readonly Written[] {
  const tag = image === undefined ? '1.0' : versionOf(image)
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
${image === undefined ? `# It runs in the directory in which the server was started; another: dialects: { process: { cwd: /srv/${name} } } beside the scale below.\n` : ''}ports:
  http: ${number}/http${number === '0' ? '                # 0: a free port is chosen; the program reads it from the variable PORT' : port === undefined ? '               # a guess: change it to where the image listens, with /tcp for what speaks no HTTP' : '               # where it listens'}
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
` }, releaseFile({ name, cluster: 'web', next: nextName(breed), breed: `kind: breed
name: ${nextName(breed)}
deployable:
${deployable(nextOf(image ?? ''))}
ports:
  http: ${number}/http
health_checks:
  - { path: /, port: http, initial_delay: 1s, interval: 2s, timeout: 2s, failures: 3 }
` })]
}

const DIGEST = /@\w+:([0-9a-fA-F]+)$/
const nextOf = (image: string) => `${image.replace(DIGEST, '').replace(/:[\w.-]+$/, '')}:next`

/** Its tag; of a digest alone the first digits. */
function versionOf(image: string): string {
  return /:([\w.-]+)$/.exec(image.replace(DIGEST, ''))?.[1] ?? DIGEST.exec(image)?.[1]?.slice(0, 12) ?? 'latest'
}

interface Next { readonly name: string; readonly cluster: string; readonly next: string; /** The document of that breed. */ readonly breed: string }

const nextName = (breed: string) => `${breed.replace(/:[^:]*$/, '')}:next`

function releaseFile({ name, cluster, next, breed }: Next): Written {
  return { file: `${name}-release.yml`, text: `# The next version and how it comes to the visitors. Give it its real version and deployable, then vamp apply -f ${name}-release.yml
${breed.trimEnd()}
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

async function ofCompose(name: string, file: string, gatewayPort: string): Promise<Project> {
  const text = await readFile(file, 'utf8').catch(error => { throw new CommandFailure(EXIT.not_found, `${file} cannot be read: ${String((error as NodeJS.ErrnoException).code)}`) })
  const parsed = parseCompose(name, text)
  if (parsed.is === 'refused') throw new CommandFailure(EXIT.refused, `nothing was written\n${describeProblems(parsed.problems, file)}`)
  const { blueprint, comments } = parsed.value
  const first = firstPort(blueprint)
  const gateways = first === undefined ? '' : `gateways:\n  ${gatewayPort}: ${first.cluster}/${first.port}   # visitors come in here\n`
  const body = printYaml(blueprint).replace(/^clusters:/m, `${gateways}clusters:`)
  const notes = comments.map(comment => `# ${comment.replaceAll('\n', ' ')}\n`).join('')
  const cluster = first?.cluster ?? blueprint.clusters[0]?.name ?? 'web'
  const files = [{ file: `${name}.yml`, text: `# Made of ${basename(file)}: every compose service is a cluster of its own. vamp apply -f ${name}.yml stores and deploys it.\n${notes}${body}` }]
  const breed = breedOf(blueprint, cluster)
  if (!breed) return { files, changed: comments }
  const next = { ...breed, name: nextName(breed.name), deployable: { ...breed.deployable, definition: nextOf(breed.deployable.definition) } }
  return { files: [...files, releaseFile({ name, cluster, next: next.name, breed: printYaml(next) })], changed: comments }
}

/** Where visitors come in: what speaks HTTP rather than a database. */
function firstPort(blueprint: Blueprint): { readonly cluster: string; readonly port: string } | undefined {
  const ports = blueprint.clusters.flatMap(({ name }) => breedOf(blueprint, name)?.ports.map(({ name: port, type }) => ({ cluster: name, port, type })) ?? [])
  return ports.find(({ type }) => type === 'http') ?? ports[0]
}

function breedOf(blueprint: Blueprint, cluster: string): Breed | undefined {
  const breed = blueprint.clusters.find(({ name }) => name === cluster)?.services[0]?.breed
  return breed?.is === 'inline' ? breed.value : undefined
}
