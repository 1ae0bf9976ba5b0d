/** `vamp top`: every gateway, the versions behind it and their instances, with what visitors get just now. */
import { deployments } from '@vamp/model/api/deployments'
import { type TrafficGroup, type TrafficReport, traffic } from '@vamp/model/api/traffic'
import { bytes } from '../columns.ts'
import { durationOf, durationText } from '../duration.ts'
import { EXIT } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'
import { type Column, table } from '../table.ts'
import { count, milliseconds, percent } from '../traffic-numbers.ts'
import { watch } from '../watch.ts'

export interface TopFlags { readonly since: string; readonly once?: boolean; readonly gateway?: string; readonly output?: string }

const COLUMNS: readonly Column[] = [{ title: 'GATEWAY / VERSION / INSTANCE', flexible: true }, { title: 'SHARE', right: true }, { title: 'RATE', right: true }, { title: 'ERRORS', right: true }, { title: 'P50 MS', right: true }, { title: 'P99 MS', right: true }]

const USAGE: readonly Column[] = [{ title: 'CORES', right: true }, { title: 'MEMORY', right: true }]

export async function top({ client, io }: Session, flags: TopFlags): Promise<number> {
  const form = formOf(flags.output)
  const since = durationOf(flags.since, '--since')
  const show = async () => {
    const query = { since: `${since}s`, percentile: [50, 99], by: ['gateway', 'route', 'instance'] as ('gateway' | 'route' | 'instance')[], ...(flags.gateway === undefined ? {} : { gateway: flags.gateway }) }
    const { data } = await client.call(traffic.read, { query }, io.signal)
    if (form === 'json') return flags.once ? asData(data, form) : `${JSON.stringify(data)}\n`
    if (form === 'yaml') return asData(data, form)
    const used = await client.all(deployments.instances, { query: { usage: true } }, io.signal)
    return text(data, new Map(used.flatMap(({ name, usage }) => usage ? [[name, usage] as const] : [])), since, io)
  }
  if (!flags.once) return watch(io, show)
  io.out(await show())
  return EXIT.ok
}

type Used = ReadonlyMap<string, { readonly cpu: number; readonly memory: number }>

/** CPU and memory have their columns where something is known of them. */
function text({ groups = [], total }: TrafficReport, used: Used, seconds: number, io: Io): string {
  const window = `the last ${durationText(seconds)}`
  if (groups.length === 0) return `There were no requests in ${window}.\n`
  const rows = groups.filter(({ by }) => by === 'gateway').toSorted((a, b) => b.rate - a.rate).flatMap(gateway => [row(gateway, gateway.gateway ?? '', 0, gateway.requests), ...below(gateway, groups, used)])
  const shown = table(used.size === 0 ? COLUMNS : [...COLUMNS, ...USAGE], rows, { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: io.colours.bold })
  return `${count(total.rate)} requests a second, ${percent(total.error_rate)} errors, in ${window}\n${shown}`
}

function below(gateway: TrafficGroup, groups: readonly TrafficGroup[], used: Used): readonly (readonly string[])[] {
  const of = groups.filter(group => group.gateway === gateway.gateway)
  return of.filter(({ by }) => by === 'route').flatMap(route => [
    row(route, versionOf(route.route ?? ''), 1, gateway.requests),
    ...of.filter(({ by, route: its, instance }) => by === 'instance' && its === route.route && instance !== route.route).map(instance => [...row(instance, instance.instance === '' ? '(no instance)' : instance.instance ?? '', 2, gateway.requests), ...usageCells(used.get(instance.instance ?? ''))]),
  ])
}

function usageCells(usage: { readonly cpu: number; readonly memory: number } | undefined): readonly string[] {
  return usage ? [usage.cpu.toFixed(2), bytes(usage.memory)] : []
}

/** `shop/web/web:1.0/http` is the version `web:1.0`; other routes have a name of their own. */
function versionOf(route: string): string {
  const names = route.split('/')
  return route === '' ? '(no route)' : names.length === 4 && !route.startsWith('[') ? names[2] ?? route : `→ ${route}`
}

function row({ rate, error_rate: errors, latency_ms: latency, requests }: TrafficGroup, name: string, depth: number, all: number): readonly string[] {
  return [`${'  '.repeat(depth)}${name}`, depth === 0 ? '' : percent(all > 0 ? requests / all : null), count(rate), percent(errors), milliseconds(latency['p50']), milliseconds(latency['p99'])]
}
