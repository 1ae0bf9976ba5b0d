/** Where the things of a topology stand: gateways, clusters, versions and instances in columns, each beside the middle of what it leads to. Pixels. */
import type { Topology, TopologyNode } from './topology.ts'

type Kind = TopologyNode['kind']

export interface Place { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

export interface Places { readonly at: ReadonlyMap<string, Place>; readonly width: number; readonly height: number }

const SIZES: Readonly<Record<Kind, readonly [width: number, height: number]>> = { gateway: [176, 52], cluster: [150, 52], version: [160, 52], instance: [190, 46], instances: [160, 46] }
const COLUMNS: readonly (readonly Kind[])[] = [['gateway'], ['cluster'], ['version'], ['instance', 'instances']]
/** Between two that stand one below the other. */
const GAP = 14
/** Between two columns; the labels of the ways stand there. */
const [ROOM_MIN, ROOM_MAX] = [96, 150]

/** As wide as `available`, unless that is too narrow or far more than is needed. */
export function placesOf({ nodes, edges }: Topology, available: number): Places {
  const kinds = COLUMNS.filter(column => nodes.some(({ kind }) => column.includes(kind)))
  const widths = kinds.map(column => Math.max(...nodes.filter(({ kind }) => column.includes(kind)).map(({ kind }) => SIZES[kind][0])))
  const taken = widths.reduce((sum, each) => sum + each, 0)
  const room = kinds.length < 2 ? 0 : Math.min(ROOM_MAX, Math.max(ROOM_MIN, (available - taken) / (kinds.length - 1)))
  const tops = topsOf({ nodes, edges })
  const highest = Math.min(0, ...tops.values())
  const left = (kind: Kind) => { const index = kinds.findIndex(column => column.includes(kind)); return widths.slice(0, index).reduce((sum, each) => sum + each + room, 0) }
  const at = new Map(nodes.map(({ id, kind }) => [id, { x: Math.round(left(kind)), y: Math.round((tops.get(id) ?? 0) - highest), width: SIZES[kind][0], height: SIZES[kind][1] }] as const))
  return { at, width: taken + room * Math.max(0, kinds.length - 1), height: Math.max(0, ...[...at.values()].map(({ y, height }) => y + height)) }
}

/** Clusters with all that hangs on them one below the other; then the gateways, as near to the middle of their ways as they fit. */
function topsOf({ nodes, edges }: Topology): Map<string, number> {
  const tops = new Map<string, number>()
  const byId = new Map(nodes.map(node => [node.id, node]))
  const ways = new Map<string, TopologyNode[]>()
  for (const { from, to } of edges) { const node = byId.get(to); if (node) ways.set(from, [...ways.get(from) ?? [], node]) }
  const middleOf = ({ id, kind }: TopologyNode) => (tops.get(id) ?? 0) + SIZES[kind][1] / 2
  let bottom = 0
  const stand = (node: TopologyNode): void => {
    const height = SIZES[node.kind][1]
    const inner = (ways.get(node.id) ?? []).filter(({ id }) => !tops.has(id))
    inner.forEach(stand)
    const [first, last] = [inner[0], inner.at(-1)]
    tops.set(node.id, first && last ? (middleOf(first) + middleOf(last) - height) / 2 : bottom)
    bottom = Math.max(bottom, (tops.get(node.id) ?? 0) + height + GAP)
  }
  nodes.filter(({ kind }) => kind === 'cluster').forEach(stand)
  const height = SIZES.gateway[1]
  const wished = nodes.filter(({ kind }) => kind === 'gateway').map(({ id }) => {
    const middles = (ways.get(id) ?? []).map(middleOf)
    return { id, top: (middles.length === 0 ? 0 : middles.reduce((sum, each) => sum + each, 0) / middles.length) - height / 2 }
  }).toSorted((a, b) => a.top - b.top)
  apart(wished.map(({ top }) => top), height + GAP).forEach((top, index) => { tops.set(wished[index]?.id ?? '', top) })
  return tops
}

/** Ascending values moved as little as possible (least squares) until neighbours are at least `distance` apart. */
function apart(wished: readonly number[], distance: number): readonly number[] {
  const blocks: { count: number; sum: number }[] = []
  const meanOf = ({ count, sum }: { count: number; sum: number }) => sum / count
  wished.forEach((value, index) => {
    // Less its own distance from the first, the values need only not descend: pool adjacent violators.
    let block = { count: 1, sum: value - index * distance }
    for (let before = blocks.at(-1); before && meanOf(before) > meanOf(block); before = blocks.at(-1)) { blocks.pop(); block = { count: before.count + block.count, sum: before.sum + block.sum } }
    blocks.push(block)
  })
  return blocks.flatMap(block => new Array<number>(block.count).fill(meanOf(block))).map((value, index) => value + index * distance)
}
