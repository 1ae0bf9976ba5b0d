/** One second of traffic as the judge wants it: what the old version did and what the new one did, in the same second. */
import type { ArmSecond, ArmPart } from '@vamp/stats/sequential/judge'
import type { Cell, FailedRequests, SketchData } from '@vamp/model/metric'
import { failuresOf, mergeSketches } from '../traffic/cells.ts'

export interface ArmNames {
  readonly deployment: string
  readonly cluster: string
  /** Breed names. */
  readonly from: string
  readonly to: string
  /** Of these gateways only; absent: of all of the cluster's own. */
  readonly gateways?: ReadonlySet<string>
  /** The new version gets copies, and they are what counts of it; otherwise copies count for nobody. */
  readonly shadow?: boolean
}

export interface Arms { readonly baseline: ArmSecond; readonly canary: ArmSecond }

const PARTS = 8

/**
 * Cells of the cluster's own gateways, divided by version. The route tells the version, so a request that no instance
 * answered still counts for the version it was sent to.
 */
export function armsOf(cells: readonly Cell[], names: ArmNames): Arms {
  const { baseline, canary } = divided(cells, names)
  return { baseline: arm(baseline), canary: arm(canary) }
}

/** The same requests as in `armsOf`: which of them failed. */
export function armFailures(cells: readonly Cell[], names: ArmNames): Readonly<Record<keyof Arms, readonly FailedRequests[]>> {
  const { baseline, canary } = divided(cells, names)
  return { baseline: baseline.flatMap(failuresOf), canary: canary.flatMap(failuresOf) }
}

function divided(cells: readonly Cell[], names: ArmNames): Readonly<Record<keyof Arms, readonly Cell[]>> {
  const own = cells.filter(cell => names.gateways ? names.gateways.has(cell.gateway) : cell.gateway.startsWith(`${names.deployment}/${names.cluster}/`))
  const of = (service: string, copies = false) => own.filter(cell => serviceOf(cell.route) === service && (cell.by === 'mirror') === copies)
  return { baseline: of(names.from), canary: of(names.to, names.shadow) }
}

/** `shop/web/web:1.1/http` → `web:1.1` */
export function serviceOf(route: string): string | undefined {
  const segments = route.split('/')
  return segments.length === 4 ? segments[2] : undefined
}

function arm(cells: readonly Cell[]): ArmSecond {
  const instances = [...new Set(cells.map(cell => cell.instance))].sort()
  return {
    ...counts(cells),
    parts: Array.from({ length: PARTS }, (_, part) => counts(cells.filter(cell => cell.part === part))),
    instances: instances.map(id => ({ id, ...counts(cells.filter(cell => cell.instance === id)) })),
  }
}

function counts(cells: readonly Cell[]): ArmPart {
  const sum = (value: (cell: Cell) => number) => cells.reduce((total, cell) => total + value(cell), 0)
  const latency: SketchData = cells.length > 0 ? mergeSketches(cells.map(cell => cell.latency)) : []
  return { requests: sum(cell => cell.requests), errors: sum(cell => cell.errors), latency }
}
