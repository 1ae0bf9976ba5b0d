import { graphlib, layout } from '@dagrejs/dagre'
import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, getBezierPath, Handle, type Node, type NodeProps, Position, ReactFlow } from '@xyflow/react'
import { useMemo } from 'react'
import { Link } from 'react-router'
import type { Topology, TopologyEdge, TopologyNode } from '../topology.ts'
import { MARKS } from '../ui/badge.tsx'
import { percent } from '../words.ts'

const SIZES: Readonly<Record<TopologyNode['kind'], readonly [width: number, height: number]>> = { gateway: [176, 52], cluster: [150, 52], version: [160, 52], instance: [190, 46], instances: [160, 46], outside: [150, 46] }
const WORDS: Readonly<Record<TopologyNode['kind'], string>> = { gateway: 'gateway', cluster: 'cluster', version: 'version', instance: 'instance', instances: 'instances', outside: 'elsewhere' }

const ROOT = '(root)'

type PlaceNode = Node<{ readonly node: TopologyNode }, 'place'>
type FlowEdge = Edge<{ readonly edge: TopologyEdge }, 'flow'>

const NODE_TYPES = { place: Place }
const EDGE_TYPES = { flow: Flow }
const LOOK = { nodesDraggable: false, nodesConnectable: false, nodesFocusable: false, edgesFocusable: false, elementsSelectable: false, zoomOnScroll: false, preventScrolling: false, panOnScroll: false, minZoom: 0.15, maxZoom: 1.4, fitView: true, fitViewOptions: { padding: 0.04, maxZoom: 1 } } as const

/** Where things are follows from which things there are; only then is it placed anew. */
export function TopologyChart({ topology, label }: { readonly topology: Topology; readonly label: string }) {
  const shape = JSON.stringify([topology.nodes.map(({ id, kind }) => [id, kind]), topology.edges.map(({ from, to }) => [from, to])])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` is what of the topology needs a new place
  const places = useMemo(() => placesOf(topology), [shape])
  const nodes = topology.nodes.map((node): PlaceNode => {
    const [width, height] = SIZES[node.kind]
    return { id: node.id, type: 'place', position: places.at.get(node.id) ?? { x: 0, y: 0 }, width, height, data: { node } }
  })
  const edges = topology.edges.map((edge): FlowEdge => ({ id: edge.id, type: 'flow', source: edge.from, target: edge.to, data: { edge } }))
  return (
    <section className="topology" aria-label={label} style={{ height: Math.min(560, Math.max(170, places.height + 24)) }}>
      <ReactFlow key={shape} nodes={nodes} edges={edges} nodeTypes={NODE_TYPES} edgeTypes={EDGE_TYPES} proOptions={{ hideAttribution: true }} {...LOOK} />
    </section>
  )
}

function placesOf({ nodes, edges }: Topology): { readonly at: ReadonlyMap<string, { readonly x: number; readonly y: number }>; readonly height: number } {
  const graph = new graphlib.Graph().setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 132, edgesep: 10 }).setDefaultEdgeLabel(() => ({}))
  for (const { id, kind } of nodes) { const [width, height] = SIZES[kind]; graph.setNode(id, { width, height }) }
  const known = new Set(nodes.map(({ id }) => id))
  // A root that is not drawn: clusters without a gateway stand below the others, not beside the gateways.
  graph.setNode(ROOT, { width: 0, height: 0 })
  const led = new Set(edges.map(({ to }) => to))
  for (const { id, kind } of nodes) if (kind === 'gateway' || (kind === 'cluster' && !led.has(id))) graph.setEdge(ROOT, id, { minlen: kind === 'gateway' ? 1 : 2 })
  for (const { from, to } of edges) if (known.has(from) && known.has(to)) graph.setEdge(from, to)
  layout(graph)
  const at = new Map(nodes.map(({ id, kind }) => { const { x, y } = graph.node(id) as { x: number; y: number }; const [width, height] = SIZES[kind]; return [id, { x: x - width / 2, y: y - height / 2 }] as const }))
  return { at, height: Number((graph.graph() as { height?: number }).height ?? 0) }
}

function Place({ data: { node: { kind, name, note, tone, to } } }: NodeProps<PlaceNode>) {
  const content = <><span className="kind">{WORDS[kind]}</span><b>{name}</b><span className={`note ${tone}`}><span aria-hidden="true">{MARKS[tone]} </span>{note}</span></>
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      {to === undefined ? <div className={`place ${kind}`}>{content}</div> : <Link to={to} className={`place ${kind}`}>{content}</Link>}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  )
}

/** Broad where much passes, quick where it is quick, red where it fails; the label says all of it. */
function Flow({ data, ...at }: EdgeProps<FlowEdge>) {
  const { rate, errorRate = 0, share } = data?.edge ?? {}
  const [line, x, y] = getBezierPath(at)
  const width = 1.2 + Math.min(6, Math.log2(1 + (rate ?? 0)))
  const failing = errorRate > 0.001
  const label = [share === undefined ? '' : percent(share), rate === undefined ? '' : `${rate >= 10 ? Math.round(rate) : rate.toFixed(1)} /s`, failing ? `✕ ${percent(errorRate * 100)}` : ''].filter(Boolean).join(' · ')
  return (
    <>
      <BaseEdge path={line} className={failing ? 'flow failing' : rate ? 'flow' : 'flow still'} style={{ strokeWidth: width }} />
      {rate !== undefined && rate > 0 && <path d={line} className="drops" style={{ strokeWidth: Math.min(3, width), animationDuration: `${Math.max(0.4, 4 / Math.log2(2 + rate))}s` }} />}
      {label && <EdgeLabelRenderer><span className={failing ? 'flow-label failing' : 'flow-label'} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>{label}</span></EdgeLabelRenderer>}
    </>
  )
}
