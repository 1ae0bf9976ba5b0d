/**
 * Who we are to a registry, as `docker login` wrote it down: in the file itself, or with a helper that the file names,
 * https://docs.docker.com/reference/cli/docker/login/#credential-stores. Read whenever an image is pulled, so that it may change.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Fault } from '@vamp/model/fault'

/** Docker's own registry, as its tools write it. */
const HUB = 'https://index.docker.io/v1/'
const HELPER_MS_MAX = 10_000

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>
  readonly credHelpers?: Readonly<Record<string, string>>
  readonly credsStore?: string
}

interface Credentials { readonly username?: string; readonly password?: string; readonly identitytoken?: string }

/** For the value of the header `X-Registry-Auth`; nothing where the file is missing or does not know the registry. Throws `Fault('invalid')` for a file that cannot be understood. */
export function registryCredentials(file: string): (image: string) => Promise<string | undefined> {
  return async image => {
    const config = readConfig(file)
    if (!config) return undefined
    const registry = registryOf(image)
    const helper = config.credHelpers?.[registry] ?? config.credsStore
    const credentials = helper === undefined ? written(config, registry) : await asked(helper, registry)
    if (!credentials) return undefined
    const serveraddress = registry === 'docker.io' ? HUB : registry
    // The engine wants base64url with its padding, and takes anything else for nothing.
    return Buffer.from(JSON.stringify({ ...credentials, serveraddress })).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  }
}

/** The first part of a name is a registry if it looks like a host. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io'
}

function readConfig(file: string): DockerConfig | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  try {
    return JSON.parse(text) as DockerConfig
  } catch (cause) {
    throw new Fault('invalid', `${file} is not the JSON that docker login writes`, { file }, { cause })
  }
}

function written({ auths = {} }: DockerConfig, registry: string): Credentials | undefined {
  const entry = Object.entries(auths).find(([key]) => hostOf(key) === registry || (registry === 'docker.io' && key === HUB))?.[1]
  if (!entry) return undefined
  if (entry.identitytoken) return { identitytoken: entry.identitytoken }
  const [username = '', ...password] = Buffer.from(entry.auth ?? '', 'base64').toString().split(':')
  return username === '' ? undefined : { username, password: password.join(':') }
}

const hostOf = (key: string) => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')

/** A helper that is not there, or knows nothing, is as good as none. */
function asked(helper: string, registry: string): Promise<Credentials | undefined> {
  return new Promise(resolve => {
    const child = spawn(`docker-credential-${helper}`, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: HELPER_MS_MAX })
    let text = ''
    child.once('error', () => resolve(undefined))
    child.stdout.on('data', chunk => { text += String(chunk) })
    child.stdin.on('error', () => {})
    child.stdin.end(registry === 'docker.io' ? HUB : registry)
    child.once('close', code => resolve(code === 0 ? answerOf(text) : undefined))
  })
}

function answerOf(text: string): Credentials | undefined {
  try {
    const { Username = '', Secret = '' } = JSON.parse(text) as { readonly Username?: string; readonly Secret?: string }
    return Username === '<token>' ? { identitytoken: Secret } : { username: Username, password: Secret }
  } catch {
    return undefined
  }
}
