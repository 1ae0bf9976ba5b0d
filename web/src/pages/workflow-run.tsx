import { workflows } from '@vamp/model/api/workflows'
import { useParams } from 'react-router'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { workflowRun } from '../sources.ts'
import { Button } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { Card, Page } from '../ui/page.tsx'
import { RunBadge, tookText, triggerText } from '../ui/run-badge.tsx'
import { Shown } from '../ui/shown.tsx'

/** One run: what began it, how it went, what it printed. */
export default function WorkflowRunPage() {
  const { name = '', run = '' } = useParams()
  const found = useLive(workflowRun(name, run))
  const end = () => { void vamp().call(workflows.stopRun, { path: { name, run } }).then(found.again, found.again) }
  return (
    <Page title={`Run ${run}`} crumbs={name.startsWith('~') ? [{ name: 'Workflows', to: path.workflows() }] : [{ name: 'Workflows', to: path.workflows() }, { name, to: path.workflow(name) }]} actions={found.is === 'here' && found.value.state === 'running' && <Button kind="danger" onClick={end}>End this run</Button>}>
      <Shown of={found}>{({ state, trigger, created, attempts, key, reason, limit, result, cpu_ms: cpu, dry, log, left_out: leftOut, ...times }) => (
        <>
          <Card title="How it went" aside={<RunBadge state={state} />}>
            <Facts of={[['begun by', triggerText(trigger)], ['at', new Date(created).toLocaleString()], ['took', tookText(times)], ['processor time', cpu === undefined ? '' : `${cpu} ms`], ['attempts', String(attempts)], ['key', key], ['dry', dry ? 'yes: nothing was changed' : ''], ['limit', limit ?? ''], ['why', reason ?? '']]} />
          </Card>
          {trigger.by === 'event' && <Card title="The event"><pre>{JSON.stringify(trigger.event, null, 2)}</pre></Card>}
          {result !== undefined && <Card title="What it gave back"><pre>{JSON.stringify(result, null, 2)}</pre></Card>}
          <Card title="What it printed" aside={leftOut > 0 && <span className="dim">{leftOut} more lines were printed</span>}>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
            <section className="log told" aria-label="Lines" tabIndex={0}>
              {log.length === 0 && <span className="dim">No line.</span>}
              {log.map((entry, index) => ({ ...entry, id: index })).map(({ id, timestamp, level, line }) => <p key={id}><time className="dim">{new Date(timestamp).toLocaleTimeString()}</time><span className={level === 'error' ? 'stderr' : 'stdout'}>{level === 'error' && <span className="unseen">error: </span>}{line}</span></p>)}
            </section>
          </Card>
        </>
      )}</Shown>
    </Page>
  )
}
