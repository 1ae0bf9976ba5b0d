/** Whatever the API can do, the command line can do: a new operation needs a row here, and a verb. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildProgram } from '@vamp/cli/program'
import { allEndpoints } from '@vamp/model/api/contract'
import { STATIC_KINDS } from '@vamp/model/api/artifacts'
import type { Command } from 'commander'
import { expect, test } from 'vitest'

/** `as`: the verb calls this operation instead, which can do as much. `nobody`: why no person asks for it. */
type Way = string | { readonly verb: string; readonly as: string } | { readonly nobody: string }

const ARTIFACT = { list: 'get', get: 'get', delete: 'delete', create: { verb: 'apply', as: 'documents.put' }, put: { verb: 'apply', as: 'documents.put' } } as const
const AGENT = { nobody: 'an agent tells it' }
const measured = (verb: string) => ({ verb, as: 'traffic.read' })

const WAYS: Readonly<Record<string, Way>> = {
  'documents.create': { verb: 'apply', as: 'documents.put' }, 'documents.put': 'apply', 'documents.delete': 'delete', 'documents.compose': { nobody: 'init --compose reads the file on this machine, without a server' },
  ...Object.fromEntries(STATIC_KINDS.flatMap(kind => Object.entries(ARTIFACT).map(([operation, way]) => [`${kind}.${operation}`, way] as const))),
  'deployments.list': 'get', 'deployments.get': 'describe', 'deployments.create': { verb: 'deploy', as: 'deployments.put' }, 'deployments.put': 'deploy', 'deployments.delete': 'undeploy',
  'deployments.getScale': { verb: 'describe', as: 'deployments.get' }, 'deployments.putScale': 'scale', 'deployments.getSla': 'sla show', 'deployments.postSla': { verb: 'sla set', as: 'deployments.putSla' }, 'deployments.putSla': 'sla set', 'deployments.deleteSla': 'sla remove',
  'deployments.instances': 'get', 'deployments.endInstance': 'instance end', 'deployments.logs': 'logs', 'deployments.logFile': 'logs',
  'nodes.list': 'get', 'nodes.setAvailability': 'node drain',
  'gateways.list': 'get', 'gateways.get': 'describe', 'gateways.create': { verb: 'apply', as: 'documents.put' }, 'gateways.put': 'update-gateway', 'gateways.delete': 'delete',
  'workflows.list': 'workflow list', 'workflows.get': 'describe', 'workflows.create': { verb: 'apply', as: 'documents.put' }, 'workflows.put': { verb: 'apply', as: 'documents.put' }, 'workflows.delete': 'delete', 'workflows.shipped': 'workflow start',
  'workflows.getStatus': { verb: 'describe', as: 'workflows.get' }, 'workflows.putStatus': 'workflow suspend', 'workflows.runs': 'workflow runs', 'workflows.run': 'workflow trigger', 'workflows.getRun': 'workflow run', 'workflows.stopRun': 'workflow run', 'workflows.logs': 'workflow logs', 'workflows.try': 'workflow run',
  'workflows.values': 'workflow state', 'workflows.value': 'workflow state', 'workflows.putValue': 'workflow remember', 'workflows.deleteValue': 'workflow forget',
  'releases.list': 'get', 'releases.get': 'get', 'releases.create': { verb: 'release start', as: 'releases.put' }, 'releases.put': 'release start', 'releases.delete': 'delete', 'releases.statuses': 'release status', 'releases.status': 'release status', 'releases.decisions': 'release decisions',
  'releases.pause': 'release pause', 'releases.resume': 'release resume', 'releases.promote': 'release promote', 'releases.abort': 'release abort', 'releases.rollback': 'release rollback', 'releases.approve': 'release approve', 'releases.weight': 'release weight',
  'imagePushes.tell': 'image pushed',
  'scaling.statuses': 'autoscaler status', 'scaling.status': 'autoscaler status', 'scaling.points': 'autoscaler status', 'scaling.replay': 'autoscaler replay', 'scaling.explain': 'explain',
  'events.query': 'events', 'events.publish': 'emit', 'events.stream': 'events',
  'system.info': 'info', 'system.config': 'config', 'system.configKey': { verb: 'config', as: 'system.config' }, 'system.putConfig': 'config set', 'system.createConfig': { verb: 'config set', as: 'system.putConfig' }, 'system.stats': 'stats', 'system.schema': 'schema', 'system.logs': 'logs', 'system.routing': 'select',
  'system.proxyConfiguration': 'proxy-config', 'system.proxyConfig': { verb: 'proxy-config', as: 'system.proxyConfiguration' },
  'health.live': { verb: 'health', as: 'health.ready' }, 'health.ready': 'health', 'health.gateway': 'health', 'health.route': 'health', 'health.deployment': 'health', 'health.cluster': 'health', 'health.service': 'health', 'health.instance': 'health',
  'metrics.gateway': measured('metrics'), 'metrics.route': measured('top'), 'metrics.port': measured('metrics'), 'metrics.service': measured('metrics'), 'metrics.instance': measured('metrics'), 'traffic.read': 'metrics',
  'trace.ask': 'trace', 'tokens.list': 'token list', 'tokens.create': 'token create', 'tokens.revoke': 'token revoke',
  'agents.tables': AGENT, 'agents.report': AGENT, 'agents.window': AGENT,
  'pages.openapi': { nobody: 'tools read it' }, 'pages.docs': { nobody: 'a browser shows it' }, 'pages.prometheus': { nobody: 'Prometheus reads it' },
}

const program = buildProgram({ io: { out: () => {}, err: () => {} } as unknown as Parameters<typeof buildProgram>[0]['io'], environment: {}, end: () => {} })
const wordsOf = (command: Command): readonly string[] => [command.name(), ...command.aliases()]
const verbs = new Set(program.commands.flatMap(command => wordsOf(command).flatMap(word => [word, ...command.commands.flatMap(inner => wordsOf(inner).map(each => `${word} ${each}`))])))
const COMMANDS = join(import.meta.dirname, '../../cli/src')
const source = readdirSync(COMMANDS, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts')).map(file => {
  const text = readFileSync(join(COMMANDS, file), 'utf8')
  const [, resource] = /(\w+) as endpoints\b/.exec(text) ?? []
  return resource === undefined ? text : text.replaceAll('(endpoints.', `(${resource}.`)
}).join('\n')

/** Some are called by a word for several: `releases[order]`, `staticArtifacts[kind].get`. */
function isCalled(id: string): boolean {
  const [resource = '', operation = ''] = id.split('.')
  if ((STATIC_KINDS as readonly string[]).includes(resource)) return source.includes(`staticArtifacts[kind].${operation}`)
  if (resource === 'releases' && new RegExp(`ORDERS = \\[[^\\]]*'${operation}'`).test(source)) return source.includes('releases[order]')
  return source.includes(`(${resource}.${operation},`)
}

test('every operation of the API has a verb that calls it, or one that can do as much', () => {
  const wrong = allEndpoints().flatMap(([id]) => {
    const way = WAYS[id]
    if (way === undefined) return [`${id}: no verb`]
    if (typeof way === 'object' && 'nobody' in way) return []
    const [verb, called] = typeof way === 'string' ? [way, id] : [way.verb, way.as]
    return [...(verbs.has(verb) ? [] : [`${id}: there is no verb ${verb}`]), ...(isCalled(called) ? [] : [`${id}: no verb calls ${called}`])]
  })

  expect(wrong).toEqual([])
})

test('the table has no operation that is gone', () => {
  const known = new Set(allEndpoints().map(([id]) => id))

  expect(Object.keys(WAYS).filter(id => !known.has(id))).toEqual([])
})
