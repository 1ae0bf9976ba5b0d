import { deployments } from '@vamp/model/api/deployments'
import { useEffect, useRef, useState } from 'react'
import { Link, useParams } from 'react-router'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { Page } from '../ui/page.tsx'
import { Refusal } from '../ui/shown.tsx'

interface Line { readonly id: number; readonly timestamp: string; readonly instance: string; readonly stream: string; readonly line: string }

const LINES_MAX = 2000
const SHOW_MS = 200

export default function Logs() {
  const { name = '', cluster = '', service = '' } = useParams()
  const { lines, error } = useLines(name, cluster, service)
  const [following, setFollowing] = useState(true)
  const box = useRef<HTMLElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: every new line moves the end
  useEffect(() => { if (following && box.current) box.current.scrollTop = box.current.scrollHeight }, [lines, following])
  const instances = new Set(lines.map(({ instance }) => instance)).size
  return (
    <Page title={`Logs of ${service}`} actions={<label className="line"><input type="checkbox" checked={following} onChange={({ target }) => setFollowing(target.checked)} /> follow</label>}>
      <p className="dim"><Link to={path.deployment(name)}>{name}/{cluster}</Link>, {instances} instance{instances === 1 ? '' : 's'}, newest {LINES_MAX} lines at most</p>
      {error !== undefined && <Refusal error={error} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <section ref={box} className="log" aria-label="Lines" tabIndex={0}>
        {lines.length === 0 && <span className="dim">No line yet.</span>}
        {lines.map(({ id, timestamp, instance, stream, line }) => <p key={id}><time className="dim">{new Date(timestamp).toLocaleTimeString()}</time><span className="dim">{instance.slice(-10)}</span><span className={stream}>{line}</span></p>)}
      </section>
    </Page>
  )
}

/** Lines come in bursts: they are shown a few times a second, and the oldest go. */
function useLines(deployment: string, cluster: string, service: string): { readonly lines: readonly Line[]; readonly error: unknown } {
  const [lines, setLines] = useState<readonly Line[]>([])
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    const gone = new AbortController()
    const waiting: Line[] = []
    let next = 0
    setLines([])
    const timer = setInterval(() => { if (waiting.length > 0) { const come = waiting.splice(0); setLines(before => [...before, ...come].slice(-LINES_MAX)) } }, SHOW_MS)
    const follow = async () => {
      for await (const { data } of vamp().stream(deployments.logs, { path: { deployment, cluster, service }, query: { follow: true, tail: 200 } }, gone.signal)) {
        waiting.push({ ...data, id: next++ })
        if (waiting.length > LINES_MAX) waiting.shift()
      }
    }
    follow().catch(thrown => { if (!gone.signal.aborted) setError(thrown) })
    return () => { gone.abort(); clearInterval(timer) }
  }, [deployment, cluster, service])
  return { lines, error }
}
