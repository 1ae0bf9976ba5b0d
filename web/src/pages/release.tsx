import { events } from '@vamp/model/api/events'
import type { ReleaseView } from '@vamp/model/api/releases'
import type { Event } from '@vamp/model/event'
import { failureKind, failureText } from '@vamp/model/failed-requests'
import type { FailedRequests } from '@vamp/model/metric'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Link, useParams } from 'react-router'
import { EvidenceChart } from '../chart/evidence-chart.tsx'
import { PercentileLadder } from '../chart/percentile-ladder.tsx'
import { RatioChart } from '../chart/ratio-chart.tsx'
import { TrafficChart } from '../chart/traffic-chart.tsx'
import { useEvents, useNow } from '../live.ts'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { armsOf } from '../release-arms.ts'
import { type History, NO_HISTORY, ofNewest, type Step, withEvent, withStatus } from '../release-history.ts'
import { vamp } from '../server.ts'
import { releaseStatus } from '../sources.ts'
import { Badge, PhaseBadge } from '../ui/badge.tsx'
import { Bar } from '../ui/bar.tsx'
import { EvidenceTable } from '../ui/evidence-table.tsx'
import { Lines } from '../ui/lines.tsx'
import { Card, Page } from '../ui/page.tsx'
import { ReleaseOrders } from '../ui/release-orders.tsx'
import { Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'
import { duration, grouped, metricName, noiseText, odds, percent, PHASES, since } from '../words.ts'

export default function Release() {
  const { name = '' } = useParams()
  const status = useLive(releaseStatus(name))
  const history = useHistory(name, status.is === 'here' ? status.value : undefined)
  return (
    <Page title={name} crumbs={[{ name: 'Releases', to: path.releases() }]} actions={status.is === 'here' && <ReleaseOrders status={status.value} onOrdered={status.again} />}>
      <Shown of={status}>{value => <Course status={value} history={history} />}</Shown>
    </Page>
  )
}

/** Pages of the past that are read; the rest comes live. */
const EVIDENCE_PAGES = 6
const PER_PAGE = 100
/** Events come in bursts; the page is drawn a few times a second. */
const SHOW_MS = 150

function useHistory(name: string, status: ReleaseView | undefined): History {
  const [history, setHistory] = useState(NO_HISTORY)
  useEffect(() => {
    const gone = new AbortController()
    setHistory(NO_HISTORY)
    const read = async (type: string, pages: number) => {
      for (let page = 1; page <= pages; page++) {
        const { data } = await vamp().call(events.query, { query: { tag: [`releases:${name}`], type, page, per_page: PER_PAGE } }, gone.signal)
        setHistory(before => data.toReversed().reduce(withEvent, before))
        if (data.length < PER_PAGE) return
      }
    }
    // The status is shown without its past where that cannot be read.
    void read('release', 5).then(() => read('release-evidence', EVIDENCE_PAGES)).catch(() => undefined)
    return () => gone.abort()
  }, [name])
  const waiting = useRef<Event[]>([])
  useEvents(event => { if (event.tags.includes(`releases:${name}`)) waiting.current.push(event) })
  useEffect(() => {
    const timer = setInterval(() => { const come = waiting.current.splice(0); if (come.length > 0) setHistory(before => come.reduce(withEvent, before)) }, SHOW_MS)
    return () => clearInterval(timer)
  }, [])
  useEffect(() => { if (status) setHistory(before => withStatus(before, status)) }, [status])
  return useMemo(() => ofNewest(history), [history])
}

/** From here on the noise is worth a word. */
const NOISY = 2

function Course({ status, history }: { readonly status: ReleaseView; readonly history: History }) {
  const now = useNow()
  const arms = armsOf(status)
  const noisy = status.evidence.reduce<{ readonly metric: string; readonly noise: number } | undefined>((most, { metric, noise = 1 }) => noise >= NOISY && noise > (most?.noise ?? 0) ? { metric, noise } : most, undefined)
  const seconds = history.seconds.slice(-10)
  const rate = (arm: 'baseline' | 'canary') => seconds.length === 0 ? 0 : seconds.reduce((sum, second) => sum + second.requests[arm], 0) / seconds.length
  return (
    <>
      <p className="unseen" aria-live="polite">{PHASES[status.phase].label}.{PHASES[status.phase].over ? ` ${status.sentence}` : ''}</p>
      <section className={`verdict ${PHASES[status.phase].tone}`} aria-label="Verdict">
        <p className="line"><PhaseBadge phase={status.phase} /><span className="dim">for {since(status.since, now)}</span>
          <span><Link to={path.deployment(status.deployment)}>{status.deployment}/{status.cluster}</Link>: <b>{status.from || '?'}</b> → <b>{arms.to}</b></span>
          {noisy && !PHASES[status.phase].over && <Badge tone="calm">noisy: {metricName(noisy.metric)} varies {noiseText(noisy.noise)} as much as chance alone</Badge>}</p>
        <p className="sentence">{status.sentence}</p>
        {status.next && <p className="next">{status.next}</p>}
      </section>
      <Gates status={status} />
      <Variants status={status} />
      <div className="columns">
        <Card title="Evidence of harm" aside={<b className="number">{odds(status.harm)}</b>}><EvidenceChart moments={history.moments} {...(status.rolls_back_at === undefined ? {} : { rollsBackAt: status.rolls_back_at })} /></Card>
        <Card title="Traffic" aside={<b className="number">{percent(status.weight)}</b>}>
          <TrafficChart moments={history.moments} steps={history.steps} several={arms.several} />
          <Bar label="Requests that may go wrong" part={status.budget.spent} whole={status.budget.total} tone="warn" text={`${grouped(status.budget.spent)} of ${grouped(status.budget.total)}`} />
        </Card>
        <Card title="Requests">
          <table className="plain">
            <thead><tr><th scope="col">version</th><th scope="col" className="numeric">requests</th><th scope="col" className="numeric">failed</th><th scope="col" className="numeric">now</th></tr></thead>
            <tbody>{(['baseline', 'canary'] as const).map(arm => (
              <tr key={arm}><th scope="row"><span className={`key ${arm === 'canary' ? 'canary dot' : 'square'}`}>{arm === 'canary' ? arms.to : arms.from}</span></th>
                <td className="numeric">{grouped(status.requests[arm])}</td><td className="numeric">{grouped(status.failed[arm])}</td><td className="numeric">{PHASES[status.phase].over ? '–' : `${rate(arm).toFixed(1)} /s`}</td></tr>))}
            </tbody>
          </table>
          <p className="help">{status.excess >= 0.5 ? `About ${grouped(status.excess)} requests failed that would not have on the old version.` : 'No request failed that would not have on the old version, as far as can be told.'}
            {status.started && ` First request ${duration(now - Date.parse(status.started))} ago.`}</p>
          {status.missing && status.missing.length > 0 && !PHASES[status.phase].over && <><h3>Promotion waits for</h3><ul className="missing">{status.missing.map(({ is, sentence, seconds: left }) => <li key={is + sentence}>{sentence}{left !== null && left > 0 && <span className="dim"> about {duration(left * 1000)}</span>}</li>)}</ul></>}
        </Card>
        <RatioCard moments={history.moments} />
        <Card title="How long requests take"><PercentileLadder evidence={status.evidence} from={arms.from} to={arms.judged} /></Card>
      </div>
      <Card title={arms.several ? 'By metric, of the version that looks worst' : 'By metric'}><EvidenceTable evidence={status.evidence} from={arms.from} to={arms.judged} />
        <p className="help">Noise: how many times as much the old version varies by itself as chance alone would make it. Evidence is divided by it, so a noisy service takes longer, and is not accused for its noise.</p></Card>
      <Failures status={status} from={arms.from} to={arms.to} />
      <PostMortem status={status} />
      <Card title="What happened" aside={<Link to={path.events({ tag: `releases:${status.name}` })}>all its events</Link>}><Steps steps={history.steps} /></Card>
    </>
  )
}

/** Which requests failed, on the one version and on the other. */
function Failures({ status: { failures }, from, to }: { readonly status: ReleaseView; readonly from: string; readonly to: string }) {
  if (!failures || failures.baseline.length + failures.canary.length === 0) return null
  const kinds = new Map([...failures.canary, ...failures.baseline].map(failed => [failureKind(failed), failed]))
  const on = (failed: readonly FailedRequests[], kind: string) => failed.find(each => failureKind(each) === kind)?.requests ?? 0
  return (
    <Card title="What failed">
      <Table label="What failed" rows={[...kinds]} keyOf={([kind]) => kind} columns={[
        { title: 'request', cell: ([, failed]) => failed.status === undefined ? 'others' : failureText(failed) },
        { title: to, numeric: true, cell: ([kind]) => grouped(on(failures.canary, kind)) }, { title: from, numeric: true, cell: ([kind]) => grouped(on(failures.baseline, kind)) },
      ]} />
      <p className="help">Numbers and ids in paths are one, as “:id”; queries are not kept. Where a request stands without a path, its proxy does not know it, or there are too many.</p>
    </Card>
  )
}

/** Of a version that was sent back. */
function PostMortem({ status: { post_mortem: left } }: { readonly status: ReleaseView }) {
  if (!left) return null
  return (
    <Card title="What it left">
      {left.printed.map(({ instance, service, lines }) => <div key={instance}><h3>{instance} <span className="dim">{service}</span></h3>
        {lines.length === 0 ? <p className="empty">It printed nothing.</p> : <Lines label={`What ${instance} printed last`}>{lines.map(({ timestamp, line }) => `${timestamp} ${line}\n`).join('')}</Lines>}</div>)}
    </Card>
  )
}

/** Where a band is kept: the errors first. */
function RatioCard({ moments }: { readonly moments: History['moments'] }) {
  const metric = ['error_rate', ...moments.flatMap(({ bands = {} }) => Object.keys(bands))].find(name => moments.some(({ bands }) => bands?.[name]?.high))
  return metric === undefined ? null : <Card title={`Times as likely: ${metricName(metric)}`}><RatioChart moments={moments} metric={metric} /></Card>
}

function Gates({ status: { gates = [] } }: { readonly status: ReleaseView }) {
  if (gates.length === 0) return null
  return (
    <Card title="Gates">
      <ul className="missing">{gates.map(({ is, before, open, sentence }) => <li key={`${is} ${before} ${sentence}`} className="line"><Badge tone={open ? 'good' : 'warn'}>{open ? 'open' : 'closed'}</Badge><b>before {percent(before)}</b> {sentence}</li>)}</ul>
    </Card>
  )
}

const VARIANT_TONES = { running: 'busy', ready: 'good', dropped: 'bad', winner: 'good' } as const

/** The versions that an experiment compares with the old one. */
function Variants({ status: { variants = [] } }: { readonly status: ReleaseView }) {
  if (variants.length === 0) return null
  return (
    <Card title="Variants">
      <Table label="Variants" rows={variants} keyOf={({ to }) => to} columns={[
        { title: 'version', cell: ({ to }) => <b>{to}</b> }, { title: 'state', cell: ({ state }) => <Badge tone={VARIANT_TONES[state]}>{state}</Badge> },
        { title: 'traffic', numeric: true, cell: ({ weight }) => percent(weight) }, { title: 'requests', numeric: true, cell: ({ requests }) => grouped(requests) }, { title: 'failed', numeric: true, cell: ({ failed }) => grouped(failed) },
        { title: 'harm', numeric: true, cell: ({ harm }) => odds(harm) }, { title: 'in words', wide: true, cell: ({ sentence }) => sentence },
      ]} />
    </Card>
  )
}

function Steps({ steps }: { readonly steps: readonly Step[] }) {
  if (steps.length === 0) return <p className="empty">Nothing yet.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <ol className="steps" aria-label="Steps, the newest first" tabIndex={0}>
      {steps.toReversed().map(({ id, atMs, change, weight, sentence }) => (
        <li key={id}><time dateTime={new Date(atMs).toISOString()}>{new Date(atMs).toLocaleTimeString()}</time><b>{change.replaceAll('_', ' ').replaceAll('-', ' ')}</b><span className="number">{percent(weight)}</span>
          <span>{sentence}</span></li>
      ))}
    </ol>
  )
}
