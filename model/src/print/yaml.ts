/** Artifacts as a person would write them: defaults and empty parts are left out, and what is read back is the same. */
import { stringify } from 'yaml'
import type { Artifact } from '../artifact.ts'
import { type Kind, singular } from '../kind.ts'
import { printJson } from './json.ts'

export function printYaml(artifact: Artifact): string {
  const { name, kind: _, ...fields } = printJson(artifact)
  return printYamlValue({ kind: singular(artifact.kind), name, ...terse(fields, SHAPES[artifact.kind]) as object })
}

/** Data as YAML, the way artifacts are printed. */
export function printYamlValue(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2' })
}

/**
 * Where something may be left out. What no shape describes belongs to the user and is kept as it is: a port may be called
 * `metadata`, and `health_checks: []` switches checks off.
 */
type Shape =
  /** A map of the language: `drop` are fields that mean nothing when they are null or empty, or that follow from the rest. */
  | { readonly is: 'fields'; readonly drop: ReadonlySet<string>; readonly inner: ReadonlyMap<string, Shape> }
  /** A list, or a map from names of the user's. */
  | { readonly is: 'each'; readonly item: Shape }

function fields(drop: string, inner: Readonly<Record<string, Shape>> = {}): Shape {
  return { is: 'fields', drop: new Set(drop.split(' ')), inner: new Map(Object.entries(inner)) }
}

function each(item: Shape): Shape {
  return { is: 'each', item }
}

const WEAK = fields('metadata')
const ROUTE = fields('metadata lookup_name selector weight balance condition condition_strength rewrites', { condition: WEAK, rewrites: each(WEAK) })
const GATEWAY = fields('metadata lookup_name internal sticky virtual_hosts selector routes', { routes: each(ROUTE) })
const PLAIN_BREED = fields('kind metadata ports environment_variables constants arguments dependencies')
const BREED = fields('kind metadata ports environment_variables constants arguments dependencies', { dependencies: each(PLAIN_BREED) })
/** `routes` stays: it says that the map is the gateway, not a map of gateways. */
const ONE_GATEWAY = fields('metadata sticky virtual_hosts selector', { routes: each(ROUTE) })
const ESCALATION = fields('metadata')
const SLA = fields('metadata escalations', { escalations: each(ESCALATION) })
const SERVICE = fields('environment_variables arguments dialects dependencies', { breed: BREED, scale: WEAK })
const CLUSTER = fields('metadata dialects gateways', { services: each(SERVICE), gateways: each(GATEWAY), sla: SLA })
const ONE_GATEWAY_CLUSTER = fields('metadata dialects gateways', { services: each(SERVICE), gateways: ONE_GATEWAY, sla: SLA })

const SHAPES: { readonly [K in Kind]: Shape } = {
  breeds: BREED,
  blueprints: fields('metadata gateways environment_variables dialects', { gateways: each(GATEWAY), clusters: each(CLUSTER) }),
  deployments: fields('metadata lookup_name ports environment_variables hosts dialects', { clusters: each(CLUSTER) }),
  gateways: GATEWAY,
  workflows: fields('metadata environment_variables arguments dialects', { breed: BREED, scale: WEAK }),
  conditions: WEAK,
  rewrites: WEAK,
  routes: ROUTE,
  scales: WEAK,
  slas: SLA,
  escalations: ESCALATION,
  templates: WEAK,
  releases: fields('metadata gates', { scale: WEAK }),
  autoscalers: fields('metadata schedules'),
  policies: WEAK,
}

function terse(value: unknown, shape: Shape): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return shape.is === 'each' ? value.map(item => terse(item, shape.item)) : value
  const entries = Object.entries(value)
  if (shape.is === 'each') return Object.fromEntries(entries.map(([name, item]) => [name, terse(item, shape.item)]))
  const described = shape === CLUSTER && isOneGateway(value) ? ONE_GATEWAY_CLUSTER : shape
  return Object.fromEntries(entries
    .filter(([key, item]) => !(shape.drop.has(key) && isImplied(key, item)))
    .map(([key, item]) => {
      const inner = described.is === 'fields' ? described.inner.get(key) : undefined
      return [key, inner ? terse(item, inner) : item]
    }))
}

/** A cluster's gateway that names no port stands without a map around it. */
function isOneGateway(cluster: object): boolean {
  const { gateways } = cluster as { gateways?: Readonly<Record<string, unknown>> }
  return gateways !== undefined && (gateways['sticky'] === null || typeof gateways['sticky'] === 'string')
}

function isImplied(key: string, value: unknown): boolean {
  if (key === 'lookup_name' || key === 'internal' || key === 'kind') return true
  return value === null || value === 'default' || (typeof value === 'object' && Object.keys(value).length === 0)
}
