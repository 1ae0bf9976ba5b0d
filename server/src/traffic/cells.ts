/** Sums of cells. Everything in a cell is a count, so merging is exact in any order; of failures their sum is. */
import { FAILURES_KEPT, summedFailures } from '@vamp/model/failed-requests'
import { type Busy, type Cell, ENDINGS, type Endings, type FailedRequests, type SketchData } from '@vamp/model/metric'

/** Cells of the same (gateway, route, instance, by, part) become one. */
export function mergeCells(cells: readonly Cell[]): Cell[] {
  return mergeBy(cells, cell => `${cell.gateway}\n${cell.route}\n${cell.instance}\n${cell.by}\n${cell.part}`)
}

/** As `mergeCells`, over all hash parts; the part of a sum is 0. Without kinds of failures, which are for the judge. */
export function withoutParts(cells: readonly Cell[]): Cell[] {
  return mergeBy(cells.map(cell => cell.part === 0 && !cell.failures ? cell : { ...cell, part: 0, failures: undefined }), cell => `${cell.gateway}\n${cell.route}\n${cell.instance}\n${cell.by}`)
}

function mergeBy(cells: readonly Cell[], key: (cell: Cell) => string): Cell[] {
  const found = new Map<string, Cell>()
  for (const cell of cells) {
    const same = found.get(key(cell))
    found.set(key(cell), same ? sum(same, cell) : cell)
  }
  return [...found.values()]
}

function sum(a: Cell, b: Cell): Cell {
  const [s, t] = [a.statuses, b.statuses]
  return {
    ...a,
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    statuses: [s[0] + t[0], s[1] + t[1], s[2] + t[2], s[3] + t[3], s[4] + t[4], s[5] + t[5]],
    bytes: a.bytes + b.bytes,
    latency: mergeSketches([a.latency, b.latency]),
    ...(a.endings || b.endings ? { endings: mergeEndings(a.endings, b.endings) } : {}),
    ...(a.failures || b.failures ? { failures: summedFailures([...failuresOf(a), ...failuresOf(b)], FAILURES_KEPT) } : {}),
    ...(a.busy || b.busy ? { busy: (a.busy ?? 0) + (b.busy ?? 0) } : {}),
  }
}

/** Its errors by kind: of others where nobody said which. */
export function failuresOf({ errors, failures }: Pick<Cell, 'errors' | 'failures'>): readonly FailedRequests[] {
  return failures ?? (errors > 0 ? [{ requests: errors }] : [])
}

function mergeEndings(a: Endings = {}, b: Endings = {}): Endings {
  return Object.fromEntries(ENDINGS.flatMap(ending => { const count = (a[ending] ?? 0) + (b[ending] ?? 0); return count > 0 ? [[ending, count]] : [] }))
}

/** What is in progress at the end of a second, as cells without requests, which add up like all others. */
export function busyCells(busy: readonly Busy[]): Cell[] {
  return busy.map(({ gateway, route, requests }) => ({ gateway, route, instance: '', by: 'weight', part: 0, requests: 0, errors: 0, statuses: [0, 0, 0, 0, 0, 0], bytes: 0, latency: [], busy: requests }))
}

/** The sum of sparse sketches, ascending by bucket as they are themselves. */
export function mergeSketches(sketches: readonly SketchData[]): SketchData {
  return sketches.reduce((sum, sketch) => sum.length === 0 ? sketch : mergeTwo(sum, sketch), [])
}

function mergeTwo(a: SketchData, b: SketchData): SketchData {
  const merged: (readonly [index: number, count: number])[] = []
  let [i, j] = [0, 0]
  for (let [left, right] = [a[0], b[0]]; left !== undefined || right !== undefined;) {
    if (left !== undefined && right !== undefined && left[0] === right[0]) {
      merged.push([left[0], left[1] + right[1]])
      left = a[++i]
      right = b[++j]
    } else if (right === undefined || (left !== undefined && left[0] < right[0])) {
      if (left) merged.push(left)
      left = a[++i]
    } else {
      merged.push(right)
      right = b[++j]
    }
  }
  return merged
}
