import { deployments } from '@vamp/model/api/deployments'
import { useEffect, useRef, useState } from 'react'
import { shortName } from '../topology.ts'
import { vamp } from '../server.ts'
import type { ServicePlace } from '../path.ts'
import { Refusal } from './shown.tsx'

export interface LogLine { readonly timestamp: string; /** Who printed it; not shown where it is always the same. */ readonly from?: string; readonly isError: boolean; readonly line: string }
type Line = LogLine & { readonly id: number }

export interface LogSource {
  /** The same key is the same log. */
  readonly key: string
  /** The newest lines, then those that come. */
  readonly open: (signal: AbortSignal) => AsyncIterable<LogLine>
}

/** What the instances of a service print. */
export function LogView({ instance, ...place }: ServicePlace & { readonly instance?: string }) {
  const { deployment, cluster, service } = place
  const key = JSON.stringify([deployment, cluster, service, instance])
  return <LogLines source={{ key, open: signal => instanceLines(place, instance, signal) }} />
}

async function* instanceLines({ deployment, cluster, service }: ServicePlace, instance: string | undefined, signal: AbortSignal): AsyncGenerator<LogLine> {
  for await (const { data } of vamp().stream(deployments.logs, { path: { deployment, cluster, service }, query: { follow: true, tail: 200, ...(instance === undefined ? {} : { instance }) } }, signal))
    yield { timestamp: data.timestamp, isError: data.stream === 'stderr', line: data.line, ...(instance === undefined ? { from: shortName(data.instance).slice(-10) } : {}) }
}

const LINES_MAX = 2000
const SHOW_MS = 200
const RETRY_MS = 2000

/** Lines as they come, the newest at the end; whoever scrolls up is left in peace. */
export function LogLines({ source }: { readonly source: LogSource }) {
  const { lines, error } = useLines(source)
  const [following, setFollowing] = useState(true)
  const [text, setText] = useState('')
  const box = useRef<HTMLElement>(null)
  const wanted = text.toLowerCase()
  const shown = wanted === '' ? lines : lines.filter(({ line }) => line.toLowerCase().includes(wanted))
  // biome-ignore lint/correctness/useExhaustiveDependencies: every new line moves the end
  useEffect(() => { if (following && box.current) box.current.scrollTop = box.current.scrollHeight }, [lines, following])
  const scrolled = () => { const element = box.current; if (element) setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < 30) }
  return (
    <>
      <div className="filters">
        <div className="field"><label htmlFor="lines-with">Lines with</label><input id="lines-with" type="text" value={text} onChange={({ target }) => setText(target.value)} /></div>
        <label className="line"><input type="checkbox" checked={following} onChange={({ target }) => setFollowing(target.checked)} /> follow</label>
        <span className="dim">{shown.length === 1 ? '1 line' : `${shown.length} lines`}{lines.length >= LINES_MAX ? ', older ones are gone from here' : ''}</span>
      </div>
      {error !== undefined && <Refusal error={error} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <section ref={box} className="log" aria-label="Lines" tabIndex={0} onScroll={scrolled}>
        {shown.length === 0 && <span className="dim">No line yet.</span>}
        {shown.map(({ id, timestamp, from, isError, line }) => <p key={id}><time className="dim">{new Date(timestamp).toLocaleTimeString()}</time>{from !== undefined && <span className="dim">{from}</span>}<span className={isError ? 'stderr' : 'stdout'}>{isError && <span className="unseen">error: </span>}{line}</span></p>)}
      </section>
    </>
  )
}

/** Lines come in bursts: they are shown a few times a second, and the oldest go. A stream that breaks is begun again. */
function useLines(source: LogSource): { readonly lines: readonly Line[]; readonly error: unknown } {
  const [lines, setLines] = useState<readonly Line[]>([])
  const [error, setError] = useState<unknown>()
  const latest = useRef(source)
  latest.current = source
  // biome-ignore lint/correctness/useExhaustiveDependencies: another key is another log
  useEffect(() => {
    const gone = new AbortController()
    const waiting: Line[] = []
    let next = 0
    setLines([])
    const timer = setInterval(() => { if (waiting.length > 0) { const come = waiting.splice(0); setLines(before => [...before, ...come].slice(-LINES_MAX)) } }, SHOW_MS)
    const follow = async () => {
      for await (const line of latest.current.open(gone.signal)) {
        setError(undefined)
        waiting.push({ ...line, id: next++ })
        if (waiting.length > LINES_MAX) waiting.shift()
      }
    }
    const again = async () => {
      while (!gone.signal.aborted) {
        await follow().catch(thrown => { if (!gone.signal.aborted) setError(thrown) })
        await new Promise(resolve => { setTimeout(resolve, RETRY_MS) })
        if (!gone.signal.aborted) { waiting.length = 0; setLines([]) }
      }
    }
    void again()
    return () => { gone.abort(); clearInterval(timer) }
  }, [source.key])
  return { lines, error }
}
