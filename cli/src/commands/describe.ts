/** `vamp describe deployment shop`: everything about one thing, for a person. */
import type { DeploymentView } from '@vamp/model/api/deployments'
import type { GatewayView } from '@vamp/model/api/gateways'
import { releases } from '@vamp/model/api/releases'
import { workflows } from '@vamp/model/api/workflows'
import { age } from '../columns.ts'
import { EXIT } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { listedOf, readOne, type Row } from '../kinds.ts'
import { asData } from '../output.ts'
import { releaseText } from '../release-view.ts'
import type { Session } from '../session.ts'
import { table } from '../table.ts'
import { runsTable } from './workflow.ts'

export async function describe(session: Session, word: string, name: string): Promise<number> {
  const kind = listedOf(word)
  const { client, io } = session
  if (kind === 'releases') io.out(releaseText((await client.call(releases.status, { path: { name } }, io.signal)).data, io))
  const row = await readOne(session, kind, name)
  if (kind === 'deployments') io.out(deploymentText(row as unknown as DeploymentView, io))
  else if (kind === 'gateways') io.out(gatewayText(row as unknown as GatewayView, io))
  else if (kind === 'workflows') io.out(await workflowText(session, row))
  else io.out(kind === 'releases' ? `\n${asData(row, 'yaml')}` : asData(row, 'yaml'))
  return EXIT.ok
}

function deploymentText(view: DeploymentView, io: Io): string {
  const { colours } = io
  const clusters = Object.entries(view.clusters).map(([name, { services, gateways }]) => {
    const heads = services.map(({ breed, status, scale, health }) => {
      const phase = status.phase.name === 'Failed' ? colours.red(status.phase.name) : status.phase.name === 'Done' ? colours.green('running') : status.phase.name
      const note = status.phase.notification === undefined ? '' : `\n      ${status.phase.notification.replaceAll('\n', '\n      ')}`
      return `    ${colours.bold(breed.name)}  ${status.intention === 'Undeployment' ? 'leaving' : phase}, ${health.healthy} of ${scale.instances} ready (${scale.cpu} cores, ${scale.memory} each)${note}\n`
    })
    const weights = Object.entries(gateways).map(([port, settings]) => `    ${port}: ${Object.entries((settings['routes'] ?? {}) as Readonly<Record<string, { weight?: string }>>).map(([breed, { weight }]) => `${breed} ${weight ?? '?'}`).join(', ')}\n`)
    return `  cluster ${colours.bold(name)}\n${heads.join('')}${weights.join('')}`
  })
  const instances = Object.values(view.clusters).flatMap(({ services }) => services.flatMap(({ breed, instances: own }) => own.map(instance => [instance.name, breed.name, instance.state, Object.values(instance.ports).map(port => `${instance.host}:${port}`).join(', '), age(instance.since, io.now()), instance.reason ?? ''])))
  const rows = instances.length === 0 ? '' : `\n${table([{ title: 'INSTANCE' }, { title: 'VERSION' }, { title: 'STATE' }, { title: 'ADDRESS' }, { title: 'SINCE', right: true }, { title: 'WHY', flexible: true }], instances, { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: colours.bold })}`
  return `deployment ${colours.bold(view.name)}\n${clusters.join('')}${rows}`
}

function gatewayText(view: GatewayView, io: Io): string {
  const { colours } = io
  const rows = Object.entries(view.routes).map(([path, route]) => {
    const share = (shares: Readonly<Record<string, number>>) => shares[path] === undefined ? '' : `${shares[path]}%`
    const condition = route['condition'] as { condition?: string } | null | undefined
    return [path, String(route['weight'] ?? ''), share(view.state.desired), share(view.state.acknowledged), share(view.state.observed), condition?.condition ?? '', (route['targets'] as readonly unknown[] | undefined)?.length.toString() ?? '']
  })
  const head = `gateway ${colours.bold(view.name)}  port ${view.port}, ${view.deployed ? colours.green('in force') : colours.yellow('not in force yet')}${view['sticky'] ? `, sticky by ${String(view['sticky'])}` : ''}\n`
  const problem = view.state.problem === undefined ? '' : `${colours.red(view.state.problem)}\n`
  return `${head}${problem}${view.state.requests} requests in the last ${view.state.seconds} s\n\n${table([{ title: 'ROUTE' }, { title: 'WEIGHT', right: true }, { title: 'ORDERED', right: true }, { title: 'IN FORCE', right: true }, { title: 'SEEN', right: true }, { title: 'CONDITION', flexible: true }, { title: 'TARGETS', right: true }], rows, { width: io.terminal ? io.columns : Number.POSITIVE_INFINITY, head: colours.bold })}`
}

const RUNS_SHOWN = 5

/** What it is, what it remembers, and how its last runs went. */
async function workflowText({ client, io }: Session, { name, ...fields }: Row): Promise<string> {
  const { colours } = io
  const [runs, remembered] = await Promise.all([client.call(workflows.runs, { path: { name }, query: { per_page: RUNS_SHOWN } }, io.signal), client.call(workflows.values, { path: { name } }, io.signal)])
  const { breed, status, schedule } = fields
  const script = typeof breed === 'object' && breed !== null ? ('reference' in breed ? breed.reference : 'name' in breed ? breed.name : undefined) : breed
  const others = Object.entries(fields).filter(([field, value]) => !['kind', 'breed', 'status', 'schedule'].includes(field) && !isEmpty(value))
  const lines = [
    `workflow ${colours.bold(name)}  ${status === 'suspended' ? colours.yellow('suspended') : colours.green(String(status))}`,
    `  runs ${scheduleText(schedule)}${script === undefined ? '' : `; its script is the breed ${String(script)}`}`,
    ...others.map(([field, value]) => `  ${field} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`),
    ...Object.entries(remembered.data).map(([key, value]) => `  remembers ${colours.bold(key)} ${JSON.stringify(value)}`),
  ]
  return `${lines.join('\n')}\n\n${runs.data.length === 0 ? 'It has not run yet.\n' : runsTable(runs.data, io)}`
}

function scheduleText(schedule: unknown): string {
  const { event, time } = (typeof schedule === 'object' && schedule !== null ? schedule : {}) as { readonly event?: { readonly tags?: readonly string[] }; readonly time?: { readonly period?: string } }
  if (event) return `on events with ${(event.tags ?? []).join(', ')}`
  return time ? `at times: ${time.period ?? JSON.stringify(time)}` : 'all the time'
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)
}
