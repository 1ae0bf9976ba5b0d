/** What a table shows of each kind. */
import type { DeploymentView, InstanceRow } from '@vamp/model/api/deployments'
import type { GatewayView } from '@vamp/model/api/gateways'
import type { NodeRow } from '@vamp/model/api/nodes'
import type { ReleaseView } from '@vamp/model/api/releases'
import type { Phase } from '@vamp/model/deployment'
import type { Listed, Row } from './kinds.ts'
import type { Column } from './table.ts'

export interface Sheet {
  readonly columns: readonly Column[]
  readonly cells: (row: Row) => readonly string[]
  /** Shown with `-o wide` only. */
  readonly wide?: { readonly columns: readonly Column[]; readonly cells: (row: Row) => readonly string[] }
}

const NAME: Column = { title: 'NAME' }
const sheet = <T>(columns: readonly Column[], cells: (row: T) => readonly string[], wide?: { columns: readonly Column[]; cells: (row: T) => readonly string[] }): Sheet =>
  ({ columns, cells: row => cells(row as unknown as T), ...(wide ? { wide: { columns: wide.columns, cells: (row: Row) => wide.cells(row as unknown as T) } } : {}) })

export function sheetOf(kind: Listed, nowMs: number): Sheet {
  return SHEETS[kind]?.(nowMs) ?? sheet<Row>([NAME], row => [row.name])
}

const SHEETS: Partial<Readonly<Record<Listed, (nowMs: number) => Sheet>>> = {
  deployments: nowMs => sheet<DeploymentView>(
    [NAME, { title: 'PHASE' }, { title: 'READY', right: true }, { title: 'VERSIONS', flexible: true }, { title: 'SINCE', right: true }],
    view => {
      const services = servicesOf(view)
      return [view.name, worstPhase(view), readyOf(view), services.map(({ breed }) => breed.name).join(', '), age(services.map(({ status }) => status.since).sort().at(-1) ?? '', nowMs)]
    },
    { columns: [{ title: 'NOTE', flexible: true }], cells: view => [servicesOf(view).map(({ status }) => status.phase.notification ?? '').filter(Boolean).join('; ')] },
  ),
  gateways: () => sheet<GatewayView>(
    [NAME, { title: 'PORT', right: true }, { title: 'IN FORCE' }, { title: 'ROUTES', flexible: true }],
    view => [view.name, String(view.port ?? ''), inForce(view), routes(view)],
    { columns: [{ title: 'OBSERVED', flexible: true }, { title: 'VIRTUAL HOSTS', flexible: true }], cells: view => [Object.entries(view.state.observed).map(([path, share]) => `${path} ${share}%`).join(', '), (view['virtual_hosts'] as readonly string[]).join(', ')] },
  ),
  releases: () => sheet<Row>(
    [NAME, { title: 'DEPLOYMENT' }, { title: 'CLUSTER' }, { title: 'TO' }, { title: 'STRATEGY' }, { title: 'PHASE' }, { title: 'WEIGHT', right: true }],
    row => [row.name, String(row['deployment']), String(row['cluster']), String(row['to']), String(row['strategy'] ?? 'canary'), whereOf(row)?.phase ?? '', weightOf(row)],
    { columns: [{ title: 'WHY', flexible: true }], cells: row => [whereOf(row)?.sentence ?? ''] },
  ),
  instances: nowMs => sheet<InstanceRow>(
    [NAME, { title: 'SERVICE' }, { title: 'STATE' }, { title: 'ADDRESS', flexible: true }, { title: 'CRASHES', right: true }, { title: 'SINCE', right: true }],
    row => [row.name, `${row.deployment}/${row.cluster}/${row.service}`, row.state, Object.entries(row.ports).map(([port, number]) => `${row.host}:${number}${Object.keys(row.ports).length > 1 ? ` (${port})` : ''}`).join(', '), String(row.crashes ?? 0), age(row.since, nowMs)],
    { columns: [{ title: 'NODE' }, { title: 'WHY', flexible: true }], cells: row => [row.node ?? '', row.reason ?? ''] },
  ),
  nodes: () => sheet<NodeRow>(
    [NAME, { title: 'ADDRESS' }, { title: 'STATE' }, { title: 'CORES', right: true }, { title: 'MEMORY', right: true }, { title: 'INSTANCES', right: true }],
    ({ name, address, state, availability, cpu, memory, instances }) => [name, address, state === 'down' ? 'down' : availability === 'active' ? 'ready' : availability, String(cpu), bytes(memory), String(instances)],
    { columns: [{ title: 'LABELS', flexible: true }], cells: ({ labels }) => [Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(', ')] },
  ),
  breeds: () => sheet<Row>([NAME, { title: 'TYPE' }, { title: 'DEPLOYABLE', flexible: true }, { title: 'PORTS', flexible: true }], row => {
    const { type, definition } = row['deployable'] as { readonly type?: string; readonly definition: string }
    return [row.name, type ?? 'container/docker', definition, Object.entries(row['ports'] as object).map(([name, value]) => `${name}:${value}`).join(', ')]
  }),
  blueprints: () => sheet<Row>([NAME, { title: 'CLUSTERS', flexible: true }, { title: 'GATEWAYS', flexible: true }], row => [row.name, keys(row['clusters']), keys(row['gateways'])]),
  scales: () => sheet<Row>([NAME, { title: 'CPU', right: true }, { title: 'MEMORY', right: true }, { title: 'INSTANCES', right: true }], row => [row.name, String(row['cpu']), String(row['memory']), String(row['instances'])]),
  conditions: () => sheet<Row>([NAME, { title: 'CONDITION', flexible: true }], row => [row.name, String(row['condition'])]),
  workflows: () => sheet<Row>([NAME, { title: 'STATUS' }, { title: 'SCHEDULE', flexible: true }], row => [row.name, String(row['status']), typeof row['schedule'] === 'string' ? row['schedule'] : JSON.stringify(row['schedule'])]),
  tokens: nowMs => sheet<Row>([NAME, { title: 'ROLE' }, { title: 'MADE', right: true }], row => [row.name, String(row['role']), age(String(row['created']), nowMs)]),
}

/** Where a release is, which a list of them is told besides. */
const whereOf = (row: Row) => row['status'] as ReleaseView | undefined
const weightOf = (row: Row) => { const where = whereOf(row); return where ? `${where.weight}%` : '' }

/** The sheet of where releases are. */
export const RELEASE_STATUSES: Sheet = sheet<ReleaseView>(
  [NAME, { title: 'TO' }, { title: 'PHASE' }, { title: 'WEIGHT', right: true }, { title: 'REQUESTS', right: true }, { title: 'FAILED', right: true }, { title: 'WHY', flexible: true }],
  view => [view.name, view.to, view.phase, `${view.weight}%`, String(view.requests.canary), String(view.failed.canary), view.sentence],
)

/** `640 MB`, `2.1 GB` */
export function bytes(count: number): string {
  return count < 1e9 ? `${Math.round(count / 1e6)} MB` : `${Math.round(count / 1e8) / 10} GB`
}

const keys = (map: unknown) => Object.keys(typeof map === 'object' && map !== null ? map : {}).join(', ')
const servicesOf = (view: DeploymentView) => Object.values(view.clusters).flatMap(({ services }) => services)

const PHASES: readonly Phase[] = ['Done', 'Initiated', 'Updating', 'Failed']

export function worstPhase(view: DeploymentView): Phase {
  const phases = servicesOf(view).map(({ status }) => status.phase.name)
  return PHASES.findLast(phase => phases.includes(phase)) ?? 'Done'
}

function readyOf(view: DeploymentView): string {
  const services = servicesOf(view)
  const wanted = services.reduce((sum, { status, scale }) => sum + (status.intention === 'Deployment' ? scale.instances : 0), 0)
  return `${services.reduce((sum, { health }) => sum + health.healthy, 0)}/${wanted}`
}

/** A gateway that listens may still have a route that leads nowhere. */
function inForce({ deployed, state: { problem } }: GatewayView): string {
  if (!deployed) return problem ?? 'not yet'
  return problem === undefined ? 'yes' : `yes, but: ${problem}`
}

function routes({ routes: all, state }: GatewayView): string {
  return Object.entries(all).map(([path, { weight }]) => `${path.split('/').length === 4 ? path.split('/')[2] : path} ${state.acknowledged[path] === undefined ? weight ?? '?' : `${state.acknowledged[path]}%`}`).join(', ')
}

/** `3s`, `5m`, `2h`, `4d`: how long ago. */
export function age(iso: string, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - Date.parse(iso)) / 1000)
  if (!Number.isFinite(seconds)) return ''
  if (seconds < 100) return `${Math.floor(seconds)}s`
  if (seconds < 6000) return `${Math.floor(seconds / 60)}m`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`
}
