/** What it takes to run a workflow, from its artifact, its breed and where this server is. Pure. */
import { createHash } from 'node:crypto'
import type { Breed } from '@vamp/model/breed'
import type { Scale } from '@vamp/model/scale'
import { type WorkflowFacts as VariableFacts, workflowData, workflowDialectOf, workflowEnvironmentOf } from '@vamp/model/variable/workflow'
import type { Overlap, Workflow } from '@vamp/model/workflow'
import type { WorkflowRun } from '@vamp/model/workflow-run'
import type { Workload } from '../container/container-driver.ts'
import { DEFAULT_SCALE, PERIOD_MS, TIMEOUT_MS } from './limits.ts'
import type { RunRequest } from './runner.ts'

export type RunnerName = 'sandbox' | 'node' | 'container'

export interface LaunchWorld {
  readonly url: string
  /** Of this server, as containers reach it; absent: `url`. */
  readonly containersUrl?: string | undefined
  readonly namespace: string
  /** Whether scripts may run outside the sandbox. */
  readonly trusted: boolean
  /** The container driver's name and what it can run. */
  readonly driver: string
  readonly deployables: readonly string[]
  /** Of the API, for this workflow; nothing where none is needed. */
  readonly token: (workflow: string) => string | undefined
}

/** A workflow that can be run. */
export interface Launch {
  readonly workflow: string
  readonly runner: RunnerName
  readonly overlap: Overlap
  readonly retries: number
  /** Of a daemon, between two starts; 0 = it begins again whenever it ends. */
  readonly periodMs: number
  /** Of what runs: another one is another program. */
  readonly digest: string
  readonly request: (run: WorkflowRun) => RunRequest
}

export type Resolved = { readonly is: 'ready'; readonly launch: Launch } | { readonly is: 'refused'; readonly why: string }

const SCRIPTS: Readonly<Record<string, RunRequest['language']>> = { 'application/javascript': 'javascript', 'text/javascript': 'javascript', 'application/typescript': 'typescript', 'text/typescript': 'typescript' }

export function resolveLaunch(workflow: Workflow, breed: Breed, scale: Scale | undefined, world: LaunchWorld): Resolved {
  const type = breed.deployable.type ?? 'container/docker'
  const language = Object.hasOwn(SCRIPTS, type) ? SCRIPTS[type] : undefined
  if (!language && !world.deployables.includes(type)) return { is: 'refused', why: `the ${world.driver} driver does not run “${type}”; workflows are application/javascript, application/typescript, or what it runs: ${world.deployables.join(', ')}` }
  const runner: RunnerName = language ? workflow.runner ?? 'sandbox' : 'container'
  if (runner === 'node' && !world.trusted) return { is: 'refused', why: 'its script asks for a whole Node.js, which this server does not allow: start it with --trusted-scripts on, or leave “runner: node” out' }
  const url = runner === 'container' ? world.containersUrl ?? world.url : world.url
  const seen = { ...world, url }
  const environment = (run?: WorkflowRun) => workflowEnvironmentOf(workflow, breed, factsOf(seen, workflow, run))
  const { variables, problems } = environment()
  if (problems.length > 0) return { is: 'refused', why: problems.map(({ message }) => message).join(' ') }
  const own = { cpu: scale?.cpu ?? DEFAULT_SCALE.cpu, memory: scale?.memory ?? DEFAULT_SCALE.memory }
  const content = {
    runner, definition: breed.deployable.definition, type, environment: variables, ...own, hosts: workflow.hosts ?? [], timeout: workflow.timeout ?? null, arguments: [...breed.arguments, ...workflow.arguments],
    ports: breed.ports, network: workflow.network ?? null, dialects: workflow.dialects,
  }
  const wallMs = wallMsOf(workflow, variables)
  const launch: Launch = {
    workflow: workflow.name, runner, overlap: workflow.overlap ?? 'queue', retries: workflow.retries ?? 0, periodMs: seconds(variables['VAMP_WORKFLOW_EXECUTION_PERIOD'], PERIOD_MS),
    digest: createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12),
    request: run => {
      const token = world.token(workflow.name)
      const facts = {
        url, namespace: world.namespace, workflow: workflow.name, run: run.id, key: run.key, attempt: run.attempts, dry: run.dry === true,
        environment: { ...injected(seen, run, workflow.name), ...environment(run).variables },
        ...(eventOf(run) === undefined ? {} : { event: eventOf(run) }), ...(run.trigger.by === 'time' ? { due: run.trigger.due } : {}),
      }
      return {
        facts, script: breed.deployable.definition, language: language ?? 'javascript', limits: { wallMs, ...own }, hosts: workflow.hosts ?? [], ...(token === undefined ? {} : { token }), ...(run.started === undefined ? {} : { startedMs: Date.parse(run.started) }),
        ...(runner === 'container' ? { workload: workloadOf(workflow, breed, seen, { ...facts.environment, ...(token === undefined ? {} : { VAMP_API_TOKEN: token }) }, own) } : {}),
      }
    },
  }
  return { is: 'ready', launch }
}

/** `timeout` of the workflow, or the original's variable, or a default for what is no daemon. */
function wallMsOf({ timeout, schedule }: Workflow, variables: Readonly<Record<string, string>>): number {
  if (timeout !== undefined) return timeout * 1000
  return seconds(variables['VAMP_WORKFLOW_EXECUTION_TIMEOUT'], schedule.is === 'daemon' ? 0 : TIMEOUT_MS)
}

function seconds(text: string | undefined, otherwiseMs: number): number {
  const number = Number(text)
  return text === undefined || text.trim() === '' || !Number.isFinite(number) || number < 0 ? otherwiseMs : number * 1000
}

function eventOf({ trigger }: WorkflowRun): unknown {
  return trigger.by === 'event' || trigger.by === 'person' ? trigger.event : undefined
}

/** What the original's executor finds in its environment, and who this run is. */
function injected({ url, namespace }: LaunchWorld, run: WorkflowRun, workflow: string): Readonly<Record<string, string>> {
  return {
    VAMP_URL: url, VAMP_NAMESPACE: namespace, VAMP_WORKFLOW_DATA: workflowData(eventOf(run)),
    VAMP_WORKFLOW_EXECUTION_PERIOD: '0', VAMP_WORKFLOW_EXECUTION_TIMEOUT: '0',
    VAMP_KEY_VALUE_STORE_TYPE: 'none', VAMP_KEY_VALUE_STORE_CONNECTION: '', VAMP_KEY_VALUE_STORE_TOKEN: '', VAMP_KEY_VALUE_STORE_PATH: `/vamp/${namespace}/workflows/${workflow}`,
    // The server answers the searches that scripts of the original send, where it is told to.
    VAMP_ELASTICSEARCH_URL: url, VAMP_PULSE_ELASTICSEARCH_URL: url, VAMP_GATEWAY_DRIVER_ELASTICSEARCH_METRICS_TYPE: 'log', VAMP_GATEWAY_DRIVER_ELASTICSEARCH_METRICS_INDEX: `vamp-vga-${namespace}-*`,
    VAMP_WORKFLOW: workflow, VAMP_WORKFLOW_RUN: run.id, VAMP_WORKFLOW_KEY: run.key,
  }
}

function factsOf(world: LaunchWorld, workflow: Workflow, run: WorkflowRun | undefined): VariableFacts {
  const settings: Readonly<Record<string, string>> = { 'vamp.workflow-driver.workflow.vamp-url': world.url, 'vamp.namespace': world.namespace, 'vamp.pulse.elasticsearch.url': world.url }
  return {
    namespace: world.namespace, data: workflowData(run && eventOf(run)),
    global: (schema, path) => {
      if (schema === 'configuration') return settings[path] ?? ''
      if (schema === 'vamp' && path === 'token') return world.token(workflow.name) ?? ''
      return schema === 'elasticsearch' ? `vamp-${path}` : ''
    },
  }
}

function workloadOf(workflow: Workflow, breed: Breed, world: LaunchWorld, environment: Readonly<Record<string, string>>, { cpu, memory }: { cpu: number; memory: number }): Omit<Workload, 'id' | 'digest'> {
  const keys = new Set(workflow.arguments.map(({ key }) => key))
  const dialect = workflowDialectOf(workflow, breed, world.driver, factsOf(world, workflow, undefined)).dialect
  return {
    deployment: `${WORKLOADS}${workflow.name}`, cluster: workflow.name, service: breed.name,
    deployable: { type: breed.deployable.type ?? 'container/docker', definition: breed.deployable.definition },
    arguments: [...breed.arguments.filter(({ key }) => !keys.has(key)), ...workflow.arguments], environment,
    ports: breed.ports.flatMap(({ name, number, type }) => number === undefined ? [] : [{ name, number, type }]),
    cpu, memory, ...(workflow.network === undefined ? {} : { network: workflow.network }),
    dialect: typeof dialect === 'object' && dialect !== null && !Array.isArray(dialect) ? { ...dialect } : {},
    health_checks: [],
  }
}

/** How the deployment of a workflow's containers begins: no deployment can be called so. */
export const WORKLOADS = 'workflows/'
