/** `vamp trace --header 'user-agent: Chrome' http://127.0.0.1:9050/cart`: which way a request would take, and why. Nothing is sent. */
import { type TraceReport, type TraceWay, trace as endpoints } from '@vamp/model/api/trace'
import { EXIT } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { asData, formOf } from '../output.ts'
import { headersOf } from '../request-headers.ts'
import type { Session } from '../session.ts'
import { percent } from '../traffic-numbers.ts'

export interface TraceFlags {
  readonly header: readonly string[]
  readonly cookie: readonly string[]
  readonly method: string
  readonly ip?: string
  readonly country?: string
  readonly output?: string
}

export async function trace({ client, io }: Session, target: string, path: string | undefined, flags: TraceFlags): Promise<number> {
  const form = formOf(flags.output)
  const { ip, country, method } = flags
  const body = {
    ...(isAddress(target) ? { url: target } : { gateway: target }), ...(path === undefined ? {} : { path }), method, headers: headersOf(flags.header, flags.cookie),
    ...(ip === undefined ? {} : { ip }), ...(country === undefined ? {} : { country }),
  }
  const { data } = await client.call(endpoints.ask, { body }, io.signal)
  io.out(form === 'json' || form === 'yaml' ? asData(data, form) : text(data, io))
  return EXIT.ok
}

/** `localhost:9050/products` is one, `shop/9050` is a gateway. */
function isAddress(target: string): boolean {
  return /^https?:\/\//.test(target) || /^[^/\s]+:\d{1,5}(\/|$)/.test(target)
}

function text({ gateway, method, path, ways, notes }: TraceReport, { colours }: Io): string {
  const head = `${method} ${path} at gateway ${colours.bold(gateway)}${ways.length > 1 ? `: one of ${ways.length} ways` : ''}\n`
  return `${head}${ways.map(way => wayText(way, colours)).join('')}${notes.map(note => `${colours.yellow('note')}  ${note}\n`).join('')}`
}

function wayText({ share, version, route, instances, steps }: TraceWay, colours: Io['colours']): string {
  const goal = version ?? route ?? 'nowhere'
  const taken = instances.length === 0 ? colours.red('503, no instance') : instances.join(', ')
  return [
    `\n${colours.bold(percent(share).padStart(6))}  ${colours.bold(goal)}  ${taken}`,
    ...steps.flatMap(({ gateway, because }) => [...(steps.length > 1 ? [`        ${gateway}`] : []), ...because.map(sentence => `        ${steps.length > 1 ? '  ' : ''}${colours.dim(sentence)}`)]),
  ].map(line => `${line}\n`).join('')
}
