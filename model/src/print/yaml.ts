/** Artifacts as a person would write them: defaults and empty parts are left out, and what is read back is the same. */
import { stringify } from 'yaml'
import type { Artifact } from '../artifact.ts'
import { singular } from '../kind.ts'
import { printJson } from './json.ts'

export function printYaml(artifact: Artifact): string {
  const { name, kind: _, ...fields } = printJson(artifact)
  return stringify({ kind: singular(artifact.kind), name, ...terse(fields) }, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2' })
}

/** Data as YAML, the way artifacts are printed. */
export function printYamlValue(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2' })
}

/** Kept as they are: what is inside is the user's. */
const VERBATIM = new Set(['metadata', 'dialects', 'definition', 'environment_variables', 'constants', 'arguments', 'headers', 'dependencies'])
/** Maps whose keys are the user's and whose values are the language's. */
const NAMED = new Set(['clusters', 'routes'])
/** Left out when empty. `health_checks: []` is not: it switches checks off. */
const EMPTY = new Set(['metadata', 'dialects', 'environment_variables', 'constants', 'arguments', 'dependencies', 'ports', 'hosts', 'gateways', 'routes', 'virtual_hosts', 'rewrites', 'gates', 'schedules', 'escalations'])
/** Facts that can be worked out, and values that are meant anyway. */
const IMPLIED: Readonly<Record<string, (value: unknown) => boolean>> = {
  lookup_name: () => true,
  internal: () => true,
  balance: value => value === 'default',
}

function terse(fields: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields)
    .filter(([key, value]) => value !== null && !(EMPTY.has(key) && isEmpty(value)) && !IMPLIED[key]?.(value))
    .map(([key, value]) => [key, terseField(key, value)]))
}

function terseField(key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || VERBATIM.has(key)) return value
  if (Array.isArray(value)) return value.map(item => typeof item === 'object' && item !== null ? terse(item) : item)
  if (NAMED.has(key) || (key === 'gateways' && !('sticky' in value))) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, terseNamed(item)]))
  return terse(value)
}

function terseNamed(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? terse(value) : value
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
