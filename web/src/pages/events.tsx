import { events } from '@vamp/model/api/events'
import type { Event } from '@vamp/model/event'
import { type FormEvent, memo, useEffect, useRef, useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useLater } from '../later.ts'
import { useEvents } from '../live.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { Button } from '../ui/button.tsx'
import { Page } from '../ui/page.tsx'
import { Refusal } from '../ui/shown.tsx'

const SHOWN_MAX = 300
/** About a screen of them; the others are drawn when that has been seen. */
const SHOWN_FIRST = 25
/** Events come in bursts; the list is drawn a few times a second. */
const SHOW_MS = 150
/** Once a second and long: shown only to who asks. */
const LOUD = 'release-evidence'

/** Filters that are a press away. */
const OFTEN: readonly (readonly [words: string, filter: { readonly tag?: string; readonly type?: string }])[] = [
  ['everything', {}], ['releases', { type: 'release' }], ['what was changed, and by whom', { type: 'archive' }], ['deployments', { tag: 'deployments' }], ['gateways', { tag: 'gateways' }],
  ['autoscalers', { tag: 'autoscalers' }], ['workflows', { tag: 'workflows' }], ['evidence', { type: LOUD }],
]

export default function Events() {
  const [query] = useSearchParams()
  const [tag, type] = [query.get('tag') ?? '', query.get('type') ?? '']
  const [paused, setPaused] = useState(false)
  const { shown, asked, error } = useStream(tag, type, paused)
  const later = useLater()
  return (
    <Page title="Events" actions={<Button aria-pressed={paused} onClick={() => setPaused(!paused)}>{paused ? 'Go on' : 'Hold still'}</Button>}>
      <Filter key={`${tag} ${type}`} tag={tag} type={type} />
      <nav className="kinds" aria-label="Often wanted">{OFTEN.map(([words, filter]) => { const to = path.events(filter); return <Link key={words} to={to} className={to === path.events({ tag, type }) ? 'active' : ''}>{words}</Link> })}</nav>
      {error !== undefined && <Refusal error={error} />}
      {shown.length === 0 ? <p className="empty" aria-busy={!asked}>{asked ? 'No such event.' : 'One moment…'}</p> : (
        <ol className="events card">{(later ? shown : shown.slice(0, SHOWN_FIRST)).map(event => <Entry key={event.id} event={event} type={type} />)}</ol>
      )}
    </Page>
  )
}

function Filter({ tag, type }: { readonly tag: string; readonly type: string }) {
  const go = useNavigate()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    go(path.events({ tag: String(form.get('tag') ?? '').trim(), type: String(form.get('type') ?? '').trim() }))
  }
  return (
    <form className="filters" onSubmit={submit}>
      <div className="field"><label htmlFor="tag">Tag</label><input id="tag" name="tag" type="text" placeholder="deployments:shop" defaultValue={tag} /></div>
      <div className="field"><label htmlFor="type">Type</label><input id="type" name="type" type="text" list="types" defaultValue={type} />
        <datalist id="types">{['event', 'release', LOUD, 'synchronization', 'archive', 'health', 'metrics'].map(each => <option key={each} value={each} />)}</datalist></div>
      <Button type="submit">Filter</Button>
      {(tag || type) && <Link to={path.events()}>all</Link>}
    </form>
  )
}

/** There are many, and none of them changes. */
const Entry = memo(function Entry({ event: { timestamp, type, tags, value }, type: asked }: { readonly event: Event; readonly type: string }) {
  const telling = tags.filter(tag => tag.includes(':') || !tags.some(other => other.startsWith(`${tag}:`)))
  return (
    <li>
      <time dateTime={timestamp} title={timestamp}>{new Date(timestamp).toLocaleTimeString()}</time>
      <Link to={path.events({ type })}>{type}</Link>
      <span className="tags">{telling.map(tag => <Link key={tag} className="tag" to={path.events({ tag, type: asked })}>{tag}</Link>)}</span>
      {value !== undefined && <Value of={value} />}
    </li>
  )
})

/** A sentence where there is one; the rest for who opens it. */
function Value({ of }: { readonly of: unknown }) {
  const { sentence } = (of ?? {}) as { readonly sentence?: unknown }
  if (typeof sentence === 'string') return <Folded summary={sentence} of={of} />
  const text = typeof of === 'string' ? of : JSON.stringify(of)
  return text.length <= 160 ? <pre>{text}</pre> : <Folded summary={`${text.slice(0, 120)}…`} of={of} />
}

/** Whole documents may be in there: they are written out when somebody looks. */
function Folded({ summary, of }: { readonly summary: string; readonly of: unknown }) {
  const [open, setOpen] = useState(false)
  return <pre><details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}><summary>{summary}</summary>{open && JSON.stringify(of, null, 2)}</details></pre>
}

function useStream(tag: string, type: string, paused: boolean): { readonly shown: readonly Event[]; /** The past has been read. */ readonly asked: boolean; readonly error: unknown } {
  const [shown, setShown] = useState<readonly Event[]>([])
  const [asked, setAsked] = useState(false)
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    const gone = new AbortController()
    setShown([])
    setAsked(false)
    setError(undefined)
    past(tag, type, gone.signal).then(found => { setShown(before => merged(before, found)); setAsked(true) }, thrown => { if (!gone.signal.aborted) setError(thrown) })
    return () => gone.abort()
  }, [tag, type])
  const waiting = useRef<Event[]>([])
  useEvents(event => {
    const wanted = (tag === '' || event.tags.includes(tag)) && (type === '' ? event.type !== LOUD : event.type === type)
    if (wanted && !paused) waiting.current.unshift(event)
    if (waiting.current.length > SHOWN_MAX) waiting.current.length = SHOWN_MAX
  })
  useEffect(() => {
    const timer = setInterval(() => { const come = waiting.current.splice(0); if (come.length > 0) setShown(before => merged(come, before)) }, SHOW_MS)
    return () => clearInterval(timer)
  }, [])
  return { shown, asked: asked || error !== undefined, error }
}

const PER_PAGE = 100
/** What Vamp tells of by itself, beside the evidence: while releases run, that is most of the newest, and hides these. */
const TOLD = ['release', 'archive', 'workflow', 'scaling', 'instance', 'node', 'image', 'event', 'synchronization']
const TOLD_EACH = 30

/** What everybody may tell is in the newest; what Vamp tells is asked for by its type, where nothing is asked for but evidence. */
async function past(tag: string, type: string, signal: AbortSignal): Promise<readonly Event[]> {
  const ask = async (of: string, count: number) => (await vamp().call(events.query, { query: { ...(tag ? { tag: [tag] } : {}), ...(of ? { type: of } : {}), per_page: count } }, signal)).data
  const newest = await ask(type, PER_PAGE)
  if (type !== '' || newest.length < PER_PAGE) return newest.filter(event => type === LOUD || event.type !== LOUD)
  const told = await Promise.all(TOLD.map(each => ask(each, TOLD_EACH)))
  return merged(newest.filter(event => event.type !== LOUD), told.flat()).toSorted((a, b) => Date.parse(b.timestamp) - Date.parse(a.timestamp))
}

/** Newest first, each once. */
function merged(newer: readonly Event[], older: readonly Event[]): readonly Event[] {
  const known = new Set(newer.map(({ id }) => id))
  return [...newer, ...older.filter(({ id }) => !known.has(id))].slice(0, SHOWN_MAX)
}
