/** How a compose service should run: how many of it and how large, and how one sees whether it is well. */
import type { HealthCheck } from '../health-check.ts'
import { parseCpu } from '../quantity.ts'
import type { Port } from '../port.ts'
import { DEFAULT_SCALE, type Scale } from '../scale.ts'
import type { Cursor, Fields } from './cursor.ts'

/** Takes a sentence about what was changed or left out. */
export type Say = (comment: string) => void

/** `deploy.replicas` or `scale`, and the limits; what is not said is as for every service. Nothing where nothing is said at all. */
export function readComposeScale(service: string, fields: Fields, say: Say): Scale | undefined {
  const deploy = fields.optional('deploy')?.map()
  const resources = deploy?.optional('resources')?.map()
  const [limits, reservations] = [resources?.optional('limits')?.map(), resources?.optional('reservations')?.map()]
  const replicas = deploy?.optional('replicas') ?? fields.optional('scale')
  const cpus = limits?.optional('cpus') ?? fields.optional('cpus') ?? reservations?.optional('cpus')
  const size = limits?.optional('memory') ?? fields.optional('mem_limit') ?? reservations?.optional('memory')
  for (const [place, left] of [['deploy', deploy], ['deploy/resources', resources], ['deploy/resources/limits', limits], ['deploy/resources/reservations', reservations]] as const)
    for (const [key] of left?.unread() ?? []) if (!STARTED_ANYWAY.has(key)) say(`Did not include unsupported field: '${service}/${place}/${key}'.`)
  if (!replicas && !cpus && !size) return undefined
  return {
    ...DEFAULT_SCALE, ...(replicas ? { instances: replicas.integer() } : {}),
    ...(cpus ? { cpu: cpus.parsed(parseCpu, 'a number of cores such as 0.5', 0) } : {}), ...(size ? { memory: size.parsed(megabytesOf, 'an amount such as 512M', 0) } : {}),
  }
}

/** Read besides, or what Vamp does in any case. */
const STARTED_ANYWAY: ReadonlySet<string> = new Set(['restart_policy', 'cpus', 'memory'])

/** A policy that starts it again is what happens anyway. */
export function readComposeRestart(service: string, fields: Fields, say: Say): void {
  const policy = fields.optional('restart')
  if (policy?.isScalar && policy.text() === 'no') say(`'${service}' is started again when it ends, although its restart is 'no'.`)
}

const POWERS = 'bkmg'

/** Compose counts in powers of 1024: `64b`, `512M`, `1.5gb` → megabytes of 10⁶ bytes. */
function megabytesOf(text: string): number | undefined {
  const [, digits, unit = 'b'] = /^\s*(\d{1,15}(?:\.\d{1,15})?)\s*([bkmg])?b?\s*$/i.exec(text) ?? []
  return digits === undefined ? undefined : Math.round(Number(digits) * 1024 ** POWERS.indexOf(unit.toLowerCase()) / 10_000) / 100
}

/** What a service says of its health, before it is known which ports it has. */
export interface ComposeHealth {
  readonly is: 'unsaid' | 'off' | 'request' | 'command'
  readonly pace: Pick<HealthCheck, 'interval' | 'timeout' | 'failures' | 'initial_delay'>
  /** That a request is sent to. */
  readonly port?: Port
  readonly path: string
}

/** As Compose has them where the file says nothing. */
const [INTERVAL_S, TIMEOUT_S, RETRIES] = [30, 30, 3]

export function readComposeHealth(fields: Fields): ComposeHealth {
  const check = fields.optional('healthcheck')?.map()
  check?.ignore('start_interval')
  const test = check?.optional('test')
  const command = test === undefined ? '' : test.isScalar ? test.text() : test.list().map(word => word.text()).join(' ')
  const seconds = (key: string, otherwise: number) => check?.optional(key)?.parsed(secondsOf, 'a time such as 1m30s', 0) ?? otherwise
  const pace = { interval: seconds('interval', INTERVAL_S), timeout: seconds('timeout', TIMEOUT_S), failures: check?.optional('retries')?.integer() ?? RETRIES, initial_delay: seconds('start_period', 0) }
  if (check?.optional('disable')?.boolean() === true || /^NONE$/i.test(command.trim())) return { is: 'off', pace, path: '' }
  const [, scheme = '', digits, path = '/'] = /\b(https?):\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|\$\{?HOSTNAME\}?)(?::(\d{1,5}))?(\/[^\s"'|;&]*)?/i.exec(command) ?? []
  if (scheme === '') return { is: test === undefined ? 'unsaid' : 'command', pace, path: '' }
  const number = Number(digits ?? (/s$/i.test(scheme) ? 443 : 80))
  return { is: 'request', pace, path, port: { name: `port_${number}`, number, type: 'http' } }
}

/** A command that asks the service over HTTP becomes that question; of any other it is asked whether the first port can be connected to. */
export function healthChecks(service: string, { is, pace, path, port }: ComposeHealth, ports: readonly Port[], say: Say): readonly HealthCheck[] | undefined {
  if (is === 'unsaid') return undefined
  if (is === 'off') return []
  if (port) return [{ ...pace, path, port: port.name, protocol: port.number === 443 ? 'HTTPS' : 'HTTP' }]
  const [first] = ports
  say(first
    ? `'${service}' is examined by connecting to its port ${first.number}: its health check runs a command in the container, which Vamp does not.`
    : `The health check of '${service}' is left out: it runs a command in the container, and there is no port to connect to instead.`)
  return first && [{ ...pace, path: '/', port: first.name, protocol: 'TCP' }]
}

const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 0.000001 }

/** `1m30s`, `500ms` → seconds. */
function secondsOf(text: string): number | undefined {
  if (!/^(?:\d{1,10}(?:\.\d{1,10})?(?:h|ms|us|m|s))+$/.test(text)) return undefined
  return [...text.matchAll(/([\d.]+)(h|ms|us|m|s)/g)].reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (SECONDS[unit] ?? 0), 0)
}

/** Who must be there first; that somebody has ended cannot be waited for. */
export function readComposeDependencies(service: string, cursor: Cursor | undefined, say: Say): string[] {
  if (!cursor) return []
  if (!cursor.isMap) return cursor.items().map(item => item.text())
  return cursor.map().all().map(([name, how]) => {
    const condition = how.isMap ? how.map().optional('condition')?.text() : undefined
    if (condition === 'service_completed_successfully') say(`'${service}' waits until '${name}' is ready, not until it has ended.`)
    return name
  })
}
