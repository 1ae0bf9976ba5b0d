import { useEffect, useRef } from 'react'
import uPlot from 'uplot'

export interface Line {
  readonly label: string
  /** A colour of the style sheet: `--canary`. */
  readonly colour: string
  readonly values: readonly (number | null)[]
  readonly stepped?: boolean
  readonly dashed?: boolean
  readonly thin?: boolean
  /** Measured on a scale of its own, such as instances beside requests. */
  readonly side?: 'right'
  readonly text: (value: number) => string
}

export interface Mark { readonly at: number; readonly label: string; readonly colour: string }

export interface SeriesChartProps {
  /** What the picture shows, for whoever does not see it. */
  readonly label: string
  /** Unix milliseconds, ascending. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly marks?: readonly Mark[]
  readonly logarithmic?: boolean
  readonly range: readonly [number, number]
  /** Between the first two lines the ground has this colour. */
  readonly band?: string
  readonly height?: number
  readonly axis: (value: number) => string
  /** Of the lines on the right. */
  readonly rightAxis?: (value: number) => string
  /** A moment that is said in words when pointed at. */
  readonly onPoint?: (index: number | null) => void
}

/** Lines over time. Drawn anew when the lines or the colours of the page change; only fed when points are added. */
export function SeriesChart(props: SeriesChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(props)
  latest.current = props
  const shape = JSON.stringify([props.lines.map(({ label, colour, stepped, dashed, side }) => [label, colour, stepped, dashed, side]), props.logarithmic, props.height, props.marks])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` is what of the properties needs a new plot
  useEffect(() => {
    const element = place.current
    if (!element) return
    const draw = () => {
      plot.current?.destroy()
      plot.current = new uPlot(optionsOf(latest.current, element.clientWidth, () => latest.current), dataOf(latest.current), element)
    }
    draw()
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: latest.current.height ?? 220 }))
    resized.observe(element)
    const recoloured = new MutationObserver(draw)
    recoloured.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', draw)
    return () => {
      resized.disconnect()
      recoloured.disconnect()
      dark.removeEventListener('change', draw)
      plot.current?.destroy()
      plot.current = null
    }
  }, [shape])
  useEffect(() => { plot.current?.setData(dataOf(props)) })
  return <div ref={place} className="chart" role="img" aria-label={props.label} />
}

function dataOf({ times, lines }: SeriesChartProps): uPlot.AlignedData {
  return [times.map(ms => ms / 1000), ...lines.map(({ values }) => [...values])]
}

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function optionsOf({ lines, logarithmic, range, height = 220, axis, rightAxis, band, marks = [], onPoint }: SeriesChartProps, width: number, now: () => SeriesChartProps): uPlot.Options {
  const [ink, grid] = [colourOf('--dim'), colourOf('--line')]
  const stepped = uPlot.paths.stepped?.({ align: 1 })
  const [low, high] = range
  return {
    width, height, legend: { show: false }, padding: [8, 30, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: true }, y: logarithmic ? { distr: 3, range: (_, __, max) => [low, Math.max(high, max)] } : { range: (_, __, max) => [low, Math.max(high, max ?? high)] }, ...(rightAxis ? { right: { range: (_: uPlot, __: number, max: number) => [0, Math.max(2, (max ?? 0) * 1.1)] as [number, number] } } : {}) },
    axes: [
      { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: '12px system-ui', space: (_, __, from, to) => to - from < SECONDS_SHOWN_S ? 96 : 78, size: 30, values: (_, moments) => moments.map(momentText(moments)) },
      { stroke: ink, grid: { show: false }, ticks: { show: false }, font: '12px system-ui', size: 62, values: (_, values) => values.map(value => value === null ? '' : axis(value)) },
      ...(rightAxis ? [{ scale: 'right', side: 1 as const, stroke: ink, grid: { show: false }, ticks: { show: false }, font: '12px system-ui', size: 44, values: (_: uPlot, values: number[]) => values.map(rightAxis) }] : []),
    ],
    series: [{}, ...lines.map(line => ({
      label: line.label, scale: line.side ?? 'y', stroke: colourOf(line.colour), width: line.thin ? 1.2 : 2.2, points: { show: false }, spanGaps: true,
      ...(line.dashed ? { dash: [5, 4] } : {}), ...(line.stepped && stepped ? { paths: stepped } : {}),
    }))],
    ...(band === undefined ? {} : { bands: [{ series: [1, 2] as [number, number], fill: `color-mix(in srgb, ${colourOf(band)} 18%, transparent)` }] }),
    hooks: {
      drawAxes: [plot => drawMarks(plot, marks)],
      ...(onPoint ? { setCursor: [(plot: uPlot) => now().onPoint?.(plot.cursor.idx ?? null)] } : {}),
    },
  }
}

/** Of shorter charts the seconds are written, too, which take more room. */
const SECONDS_SHOWN_S = 290

/** As this person writes times; with the day where the chart is longer than one. */
function momentText(moments: readonly number[]): (seconds: number) => string {
  const long = (moments.at(-1) ?? 0) - (moments[0] ?? 0) > 86_400
  const text = new Intl.DateTimeFormat([], long ? { weekday: 'short', hour: '2-digit' } : { hour: '2-digit', minute: '2-digit', ...(moments.length > 1 && (moments[1] ?? 0) - (moments[0] ?? 0) < 60 ? { second: '2-digit' as const } : {}) })
  return seconds => text.format(seconds * 1000)
}

const MARK_ROOM = 18

function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.font = `${12 * devicePixelRatio}px system-ui`
  ctx.textAlign = 'left'
  ctx.textBaseline = 'alphabetic'
  ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio])
  const placed = marks.map(mark => ({ ...mark, y: plot.valToPos(mark.at, 'y', true) })).filter(({ y }) => y >= bbox.top && y <= bbox.top + bbox.height).toSorted((a, b) => a.y - b.y)
  for (const [index, { label, colour, y }] of placed.entries()) {
    // Its name stands above it, unless another one is there.
    const above = y - (placed[index - 1]?.y ?? Number.NEGATIVE_INFINITY) > MARK_ROOM * devicePixelRatio
    ctx.strokeStyle = ctx.fillStyle = colourOf(colour)
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    ctx.fillText(label, bbox.left + 6 * devicePixelRatio, y + (above ? -4 : 12) * devicePixelRatio)
  }
  ctx.restore()
}
