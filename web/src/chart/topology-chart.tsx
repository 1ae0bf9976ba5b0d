import { useEffect, useMemo, useRef, useState } from 'react'
import { Link } from 'react-router'
import type { Topology, TopologyEdge, TopologyNode } from '../topology.ts'
import { type Place, placesOf } from '../topology-places.ts'
import { MARKS } from '../ui/badge.tsx'
import { percent } from '../words.ts'

const WORDS: Readonly<Record<TopologyNode['kind'], string>> = { gateway: 'gateway', cluster: 'cluster', version: 'version', instance: 'instance', instances: 'instances' }
/** Around the picture; a little more above, where the words stand on the border. */
const [MARGIN, MARGIN_TOP] = [14, 20]
/** Before it is known how wide a page is. */
const WIDTH = 1080

/** Where things are follows from which things there are; only then are they placed anew. It scrolls where it does not fit. */
export function TopologyChart({ topology, label }: { readonly topology: Topology; readonly label: string }) {
  const [width, frame] = useWidth()
  const shape = JSON.stringify([topology.nodes.map(({ id, kind }) => [id, kind]), topology.edges.map(({ from, to }) => [from, to])])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` is what of the topology needs a new place
  const places = useMemo(() => placesOf(topology, width - 2 * MARGIN), [shape, width])
  const ways = topology.edges.flatMap(edge => { const [from, to] = [places.at.get(edge.from), places.at.get(edge.to)]; return from && to ? [{ edge, from, to }] : [] })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section ref={frame} className="topology" aria-label={label} tabIndex={0}>
      <div className="picture" style={{ width: places.width + 2 * MARGIN, height: places.height + MARGIN + MARGIN_TOP }}>
        <svg aria-hidden="true" width="100%" height="100%">{ways.map(way => <Line key={way.edge.id} {...way} />)}</svg>
        {ways.map(way => <Label key={way.edge.id} {...way} />)}
        {topology.nodes.map(node => { const place = places.at.get(node.id); return place && <Thing key={node.id} node={node} place={place} /> })}
      </div>
    </section>
  )
}

/** Of the element before: the next one is as wide, mostly. */
let widthBefore = WIDTH

/** Of an element. Its size is told after it was laid out and before it is seen, so that nothing is laid out for the asking. */
function useWidth() {
  const frame = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(widthBefore)
  useEffect(() => {
    const element = frame.current
    if (!element) return
    const resized = new ResizeObserver(() => { widthBefore = element.clientWidth; setWidth(widthBefore) })
    resized.observe(element)
    return () => resized.disconnect()
  }, [])
  return [width, frame] as const
}

const at = ({ x, y, width, height }: Place) => ({ left: MARGIN + x, top: MARGIN_TOP + y, width, height })

function Thing({ node: { kind, name, note, tone, to }, place }: { readonly node: TopologyNode; readonly place: Place }) {
  const content = <><span className="kind">{WORDS[kind]}</span><b>{name}</b><span className={`note ${tone}`}><span aria-hidden="true">{MARKS[tone]} </span>{note}</span></>
  return to === undefined ? <div className={`place ${kind}`} style={at(place)}>{content}</div> : <Link to={to} className={`place ${kind}`} title={`${name}: ${note}`} style={at(place)}>{content}</Link>
}

interface Way { readonly edge: TopologyEdge; readonly from: Place; readonly to: Place }

const FAILING = 0.001

function endsOf({ from, to }: Pick<Way, 'from' | 'to'>) {
  return { x: MARGIN + from.x + from.width, y: MARGIN_TOP + from.y + from.height / 2, endX: MARGIN + to.x, endY: MARGIN_TOP + to.y + to.height / 2 }
}

/** Broad where much passes, quick where it is quick, red where it fails; the label says all of it. */
function Line({ edge: { rate, errorRate = 0 }, ...way }: Way) {
  const { x, y, endX, endY } = endsOf(way)
  const half = (endX - x) / 2
  const path = `M${x} ${y}C${x + half} ${y} ${endX - half} ${endY} ${endX} ${endY}`
  const width = 1.2 + Math.min(6, Math.log2(1 + (rate ?? 0)))
  return (
    <>
      <path d={path} className={errorRate > FAILING ? 'flow failing' : rate ? 'flow' : 'flow still'} style={{ strokeWidth: width }} />
      {rate !== undefined && rate > 0 && <path d={path} className="drops" style={{ strokeWidth: Math.min(3, width), animationDuration: `${Math.max(0.4, 4 / Math.log2(2 + rate))}s` }} />}
    </>
  )
}

/** In the middle of the way. */
function Label({ edge: { rate, errorRate = 0, share }, ...way }: Way) {
  const failing = errorRate > FAILING
  const text = [share === undefined ? '' : percent(share), rate === undefined ? '' : `${rate >= 10 ? Math.round(rate) : rate.toFixed(1)} /s`, failing ? `✕ ${percent(errorRate * 100)}` : ''].filter(Boolean).join(' · ')
  const { x, y, endX, endY } = endsOf(way)
  return text === '' ? null : <span className={failing ? 'flow-label failing' : 'flow-label'} style={{ left: (x + endX) / 2, top: (y + endY) / 2 }}>{text}</span>
}
