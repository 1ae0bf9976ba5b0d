/**
 * `testdata/NAME.in.yml` tells a story in documents: breeds, scales, conditions and gateways are stored, a blueprint is merged,
 * or with `metadata: {step: slice | delete}` taken away. `NAME.out.yml` is what each step made. `UPDATE=1` writes it anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Artifact } from '../artifact.ts'
import type { Blueprint } from '../blueprint.ts'
import type { Deployment } from '../deployment.ts'
import { parseDocuments } from '../parse/document.ts'
import { describeProblems, ok, type Parsed } from '../problem.ts'
import { type DeploymentChange, planDelete, planDeployment, planSlice } from './plan.ts'

const FOLDER = new URL('./testdata/', import.meta.url)
const names = readdirSync(FOLDER).filter(file => file.endsWith('.in.yml')).map(file => file.replace('.in.yml', ''))

test.each(names)('%s', name => {
  const story = parseDocuments(readFileSync(new URL(`${name}.in.yml`, FOLDER), 'utf8'))
  if (story.is === 'refused') throw new Error(describeProblems(story.problems))

  const told = tell(story.value)

  const golden = new URL(`${name}.out.yml`, FOLDER)
  if (process.env['UPDATE']) writeFileSync(golden, told)
  expect(told).toBe(readFileSync(golden, 'utf8'))
})

function tell(story: readonly Artifact[]): string {
  const stored = new Map<string, Artifact>()
  const out: unknown[] = []
  for (const artifact of story) {
    if (artifact.kind !== 'blueprints') {
      stored.set(`${artifact.kind}/${artifact.name}`, artifact)
      continue
    }
    const change = stepOf(artifact, stored)
    if (change.is === 'refused') {
      out.push({ refused: change.problems.map(({ at: _at, ...problem }) => problem) })
      continue
    }
    const { deployment, gateways } = change.value
    out.push(brief({ deployment, put: gateways.put, remove: gateways.remove }))
    stored.set(`deployments/${deployment.name}`, deployment)
    for (const gateway of gateways.put) stored.set(`gateways/${gateway.name}`, gateway)
    for (const gateway of gateways.remove) stored.delete(`gateways/${gateway}`)
  }
  return stringify(out, { lineWidth: 0 })
}

function stepOf(blueprint: Blueprint, stored: ReadonlyMap<string, Artifact>): Parsed<DeploymentChange> {
  const { step, ...metadata } = blueprint.metadata
  const gateways = [...stored.values()].filter(artifact => artifact.kind === 'gateways')
  const current = stored.get(`deployments/${blueprint.name}`) as Deployment | undefined
  if (step === 'slice' && current) return planSlice({ current, outgoing: blueprint, gateways })
  if (step === 'delete' && current) return ok(planDelete({ current, gateways }))
  return planDeployment({ current, incoming: { ...blueprint, metadata }, gateways, lookup: (kind, name) => stored.get(`${kind}/${name}`), host: 'proxy' })
}

/** Without what is empty or everywhere the same. */
function brief(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(brief)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, brief(inner)] as const)
  return Object.fromEntries(entries.filter(([key, inner]) => key !== 'kind' && inner !== '' && !isEmpty(inner)))
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0
