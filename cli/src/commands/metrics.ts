/** `vamp metrics shop/web --since 10m`: what visitors got, with a small chart. */
import { type Grouping, GROUPINGS, type TrafficGroup, type TrafficNumbers, type TrafficReport, traffic } from '@vamp/model/api/traffic'
import { chart } from '../chart.ts'
import { durationOf, durationText } from '../duration.ts'
import { demandExisting, gatewayNamed } from '../existing.ts'
import type { Io } from '../io.ts'
import { asData, formOf } from '../output.ts'
import { type Place, placeOf } from '../place.ts'
import type { Session } from '../session.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { table } from '../table.ts'
import { count, milliseconds, percent } from '../traffic-numbers.ts'

export interface MetricsFlags {
  readonly since: string
  readonly step?: string
  readonly gateway?: string
  readonly instance?: string
  readonly percentile: readonly string[]
  readonly by: readonly string[]
  readonly output?: string
}

export async function metrics(session: Session, where: string | undefined, flags: MetricsFlags): Promise<number> {
  const { client, io } = session
  const form = formOf(flags.output)
  const since = durationOf(flags.since, '--since')
  const step = flags.step === undefined ? stepFor(since, io.columns) : durationOf(flags.step, '--step')
  const percentile = flags.percentile.length > 0 ? flags.percentile.map(text => Number(text.replace(/^p/, ''))) : [50, 95, 99]
  const { place, report } = await measured(session, where, flags, async place =>
    (await client.call(traffic.read, { query: { ...place, since: `${since}s`, step: `${step}s`, percentile, ...(flags.by.length > 0 ? { by: flags.by.map(groupingOf) } : {}) } }, io.signal)).data)
  io.out(form === 'json' || form === 'yaml' ? asData(report, form) : text(report, Object.values(place).join('/') || 'everything', io))
  return EXIT.ok
}

type Measured = Partial<Place> & { readonly gateway?: string; readonly instance?: string }

/** What is gone still has its numbers. What neither is there nor was measured may be a gateway's name. */
async function measured(session: Session, where: string | undefined, { gateway, instance }: MetricsFlags, read: (place: Measured) => Promise<TrafficReport>): Promise<{ readonly place: Measured; readonly report: TrafficReport }> {
  const flags = { ...(gateway === undefined ? {} : { gateway }), ...(instance === undefined ? {} : { instance }) }
  const place = { ...(where === undefined ? {} : placeOf(where)), ...flags }
  const report = await read(place)
  if (report.total.requests > 0) return { place, report }
  try {
    await demandExisting(session, place)
    return { place, report }
  } catch (error) {
    const named = where === undefined || gateway !== undefined ? undefined : await gatewayNamed(session, where)
    if (!named) throw error
    return { place: { ...named, ...flags }, report: await read({ ...named, ...flags }) }
  }
}

function groupingOf(text: string): Grouping {
  const grouping = GROUPINGS.find(each => each === text)
  if (!grouping) throw new CommandFailure(EXIT.usage, `'${text}' is nothing to group by; write ${GROUPINGS.join(', ')}`)
  return grouping
}

const LABEL = 12
const COLUMNS_MAX = 72
const NICE = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400]

/** As many points as there is room for. */
function stepFor(seconds: number, columns: number): number {
  const least = seconds / roomIn(columns)
  return NICE.find(step => step >= least) ?? Math.ceil(least / 86_400) * 86_400
}

const roomIn = (columns: number) => Math.max(10, Math.min(COLUMNS_MAX, columns - LABEL - 30))

function text(report: TrafficReport, where: string, io: Io): string {
  const { columns, colours } = io
  const { total, series = [], step = 0 } = report
  const shown = series.slice(-roomIn(columns))
  const head = `${colours.bold(where)}  ${durationText(shown.length * step)} until ${report.to.slice(0, 19).replace('T', ' ')}, ${durationText(step)} each\n`
  if (total.requests === 0) return `${head}There were no requests.\n`
  const rows = [
    ...draw('requests/s', shown, 4, ({ rate }) => rate, `${count(total.rate)} on average`, value => count(value), colours.cyan),
    ...(total.in_progress > 0 ? draw('in progress', shown, 2, point => point.in_progress, `${count(total.in_progress)} on average`, value => count(value), colours.dim) : []),
    ...draw('errors', shown, 2, ({ error_rate: rate }) => rate ?? undefined, `${percent(total.error_rate)} of ${total.requests}: ${total.errors}`, value => percent(value), total.errors > 0 ? colours.red : colours.dim),
    ...Object.entries(total.latency_ms).flatMap(([name, all]) => draw(`${name} ms`, shown, 2, point => point.latency_ms[name], `${milliseconds(all)} of all`, value => milliseconds(value), colours.yellow)),
  ]
  const ended = Object.entries(total.endings).map(([cause, requests]) => `${cause} ${requests}`)
  if (ended.length > 0) rows.push(`${'ended by'.padEnd(LABEL)}${ended.join(', ')}`)
  const cut = shown.length < series.length ? `${series.length - shown.length} older points do not fit; -o json has all\n` : ''
  return `${head}${rows.map(row => `${row.trimEnd()}\n`).join('')}${cut}${groupsOf(report, io)}`
}

/** A table for each grouping. */
function groupsOf({ groups = [], total }: TrafficReport, { columns, colours, terminal }: Io): string {
  const percentiles = Object.keys(total.latency_ms)
  return [...Map.groupBy(groups, ({ by }) => by)].map(([by, of]) => {
    const titles = [{ title: by.toUpperCase(), flexible: true }, ...['REQUESTS', 'RATE', 'ERRORS', ...percentiles.map(name => `${name.toUpperCase()} MS`)].map(title => ({ title, right: true }))]
    const rows = of.map(group => [nameOf(group), String(group.requests), count(group.rate), percent(group.error_rate), ...percentiles.map(name => milliseconds(group.latency_ms[name]))])
    return `\n${table(titles, rows, { width: terminal ? columns : Number.POSITIVE_INFINITY, head: colours.bold })}`
  }).join('')
}

function nameOf({ by, gateway, route, instance, deployment, cluster, service }: TrafficGroup): string {
  if (by === 'instance') return instance || '(no instance)'
  if (by === 'route') return route || `(no route of ${gateway})`
  return by === 'gateway' ? gateway ?? '' : [deployment, cluster, service].filter(part => part !== undefined).join('/')
}

/** The name on the last line, as every number: the most on the first, the whole window on the last. */
function draw(label: string, points: readonly TrafficNumbers[], rows: number, of: (point: TrafficNumbers) => number | undefined, whole: string, print: (value: number) => string, colour: (text: string) => string): readonly string[] {
  const values = points.map(of)
  const most = Math.max(0, ...values.map(value => value ?? 0))
  return chart(values, rows).map((line, index) => `${(index === rows - 1 ? label : '').padEnd(LABEL)}${colour(line)}  ${index === 0 ? `most ${print(most)}` : index === rows - 1 ? whole : ''}`)
}
