/** `vamp autoscaler status -w`, `vamp autoscaler replay -f web.yml --since 6h`. */
import { ApiError } from '@vamp/client/api-error'
import { type ScalingReplay, scaling } from '@vamp/model/api/scaling'
import type { AutoscalerStatus, ServiceScaling } from '@vamp/model/autoscaler-status'
import { printJson } from '@vamp/model/print/json'
import { chart } from '../chart.ts'
import { durationOf } from '../duration.ts'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { readDocuments } from '../files.ts'
import type { Io } from '../io.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'
import { type Column, table } from '../table.ts'
import { percent } from '../traffic-numbers.ts'
import { watch } from '../watch.ts'

export interface AutoscalerFlags { readonly watch?: boolean; readonly output?: string }

/** Of one autoscaler with its last minutes, or of all. */
export async function autoscalerStatus({ client, io }: Session, name: string | undefined, flags: AutoscalerFlags): Promise<number> {
  const form = formOf(flags.output)
  const show = async () => {
    if (name === undefined) {
      const { data } = await client.call(scaling.statuses, {}, io.signal)
      return form === 'json' || form === 'yaml' ? asData(data, form) : all(data, io)
    }
    const { data } = await client.call(scaling.status, { path: { name } }, io.signal).catch(error => {
      if (error instanceof ApiError && error.status === 404) throw new CommandFailure(EXIT.not_found, `there is no autoscaler '${name}'\n  → vamp autoscaler shows all; one begins when it is stored: vamp apply -f <file>; vamp autoscaler --help shows the verbs`)
      throw error
    })
    if (form === 'json' || form === 'yaml') return asData(data, form)
    const { data: points } = await client.call(scaling.points, { path: { name }, query: { since: '10m' } }, io.signal)
    return one(data, new Map(points.map(each => [each.service, each.points])), io)
  }
  if (flags.watch) return watch(io, show)
  io.out(await show())
  return EXIT.ok
}

const COLUMNS: readonly Column[] = [{ title: 'AUTOSCALER' }, { title: 'VERSION' }, { title: 'READY', right: true }, { title: 'ORDERED', right: true }, { title: 'WANTED', right: true }, { title: 'BETWEEN', right: true }, { title: 'WHY', flexible: true }]

function all(statuses: readonly AutoscalerStatus[], io: Io): string {
  if (statuses.length === 0) return 'There are no autoscalers.\n'
  const rows = statuses.flatMap(({ name, mode, services, problem, deployment, cluster }) => {
    const label = mode === 'shadow' ? `${name} (shadow)` : name
    if (services.length === 0) return [[label, `${deployment}/${cluster}`, '', '', '', '', problem ?? 'It has nothing to scale.']]
    return services.map(({ service, ready, granted, wanted, minimum, maximum, sentence }) => [label, `${deployment}/${cluster}/${service}`, String(ready), String(granted), String(wanted), `${minimum} and ${maximum}`, sentence])
  })
  return table(COLUMNS, rows, { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: io.colours.bold })
}

type Points = readonly { readonly signal: number | null; readonly wanted: number; readonly granted: number; readonly ready: number }[]

function one(status: AutoscalerStatus, points: ReadonlyMap<string, Points>, io: Io): string {
  const head = `${io.colours.bold(status.name)}  keeps ${status.deployment}/${status.cluster}${status.mode === 'shadow' ? ', in shadow: it orders nothing' : ''}\n`
  if (status.problem !== undefined) return `${head}${io.colours.red(status.problem)}\n`
  return head + status.services.map(service => `\n${describe(service, io)}${charts(points.get(service.service) ?? [], io)}`).join('')
}

function describe({ service, sentence, signals, forecast, start_up: startUp }: ServiceScaling, { colours }: Io): string {
  const read = signals.map(({ signal, value, unit, target, wanted }) => `  ${signal}: ${value ?? 'unknown'} ${unit}${target === null ? '' : `, target ${target}`}${wanted === null ? '' : `, wants ${wanted}`}\n`).join('')
  const expected = forecast ? `  expected when an instance ordered now serves: ${forecast.expected} requests/s. ${forecast.sentence}\n` : ''
  return `${colours.bold(service)}  ${sentence}\n${read}${expected}${startUp === undefined ? '' : `  an instance takes ${startUp} s to start\n`}`
}

const LABEL = 12

function charts(points: Points, { columns, colours }: Io): string {
  const shown = points.slice(-Math.max(10, Math.min(120, columns - LABEL - 12)))
  if (shown.length < 2) return ''
  const draw = (label: string, of: (point: Points[number]) => number | null, colour: (text: string) => string) => {
    const values = shown.map(point => of(point) ?? undefined)
    return chart(values, 2).map((line, index) => `${(index === 1 ? label : '').padEnd(LABEL)}${colour(line)}${index === 0 ? `  most ${Math.max(...values.map(value => value ?? 0))}` : ''}\n`).join('')
  }
  return draw('signal', ({ signal }) => signal, colours.cyan) + draw('wanted', ({ wanted }) => wanted, colours.yellow) + draw('ordered', ({ granted }) => granted, text => text) + draw('ready', ({ ready }) => ready, colours.green)
}

export interface ReplayFlags { readonly file: string; readonly since: string; readonly startUp?: string; readonly output?: string }

/** What the autoscaler of a file would have done. */
export async function replayAutoscaler({ client, io }: Session, flags: ReplayFlags): Promise<number> {
  const form = formOf(flags.output)
  const found = (await readDocuments([flags.file], io)).flatMap(({ body }) => body.is === 'artifact' && body.artifact.kind === 'autoscalers' ? [body.artifact] : [])
  const [autoscaler, ...more] = found
  if (!autoscaler || more.length > 0) throw new CommandFailure(EXIT.refused, `${flags.file}: ${found.length} autoscalers; a replay is of one`)
  const startUp = flags.startUp === undefined ? {} : { start_up: durationOf(flags.startUp, '--start-up') }
  const { data } = await client.call(scaling.replay, { query: { since: `${durationOf(flags.since, '--since')}s`, ...startUp }, body: printJson(autoscaler) as object }, io.signal)
  io.out(form === 'json' || form === 'yaml' ? asData(data, form) : replayText(data, autoscaler.name, io))
  return EXIT.ok
}

function replayText({ from, to, instance_hours: hours, changes, instances_max: most, overloaded_share: over, points, resolution }: ScalingReplay, name: string, io: Io): string {
  const shown = points.length > 100 ? points.filter((_, index) => index % Math.ceil(points.length / 100) === 0) : points
  const draw = (label: string, values: readonly (number | null)[]) => chart(values.map(value => value ?? undefined), 3).map((line, index) => `${(index === 2 ? label : '').padEnd(LABEL)}${line}\n`).join('')
  return `${io.colours.bold(name)} from ${from.slice(0, 19).replace('T', ' ')} to ${to.slice(0, 19).replace('T', ' ')}, recorded every ${resolution} s\n`
    + `${hours} instance-hours, at most ${most} at once, ${changes} changes${over === null ? '' : `; ${percent(over)} of the requests came while there were too few`}\n`
    + draw('signal', shown.map(({ signal }) => signal)) + draw('instances', shown.map(({ granted }) => granted))
}
