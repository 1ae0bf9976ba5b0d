import { workflows } from '@vamp/model/api/workflows'
import { Link, useParams } from 'react-router'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { artifact, workflowRuns } from '../sources.ts'
import { fieldText } from '../ui/artifact-list.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { type LogLine, LogLines } from '../ui/log-view.tsx'
import { Card, Page } from '../ui/page.tsx'
import { RunBadge, tookText, triggerText } from '../ui/run-badge.tsx'
import { Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'
import { WorkflowOrders } from '../ui/workflow-orders.tsx'
import { scheduleWords } from '../words.ts'
import { WorkflowBadge } from './workflows.tsx'

/** What a workflow is told, what became of its runs, and what they print. */
export default function Workflow() {
  const { name = '' } = useParams()
  const found = useLive(artifact('workflows', name))
  const status = found.is === 'here' ? fieldText(found.value['status']) : ''
  return (
    <Page title={name} crumbs={[{ name: 'Workflows', to: path.workflows() }]} actions={<>
      {status !== '' && <WorkflowOrders name={name} status={status} onOrdered={found.again} />}
      <ButtonLink to={path.workflowScript(name)}>Script</ButtonLink><ButtonLink to={path.events({ tag: `workflows:${name}` })}>Events</ButtonLink><ButtonLink to={path.artifact('workflows', name)}>Change it</ButtonLink>
    </>}>
      <Shown of={found}>{workflow => (
        <Card title="What it is told" aside={<WorkflowBadge status={fieldText(workflow['status'])} />}>
          <Facts of={[
            ['runs', scheduleWords(workflow['schedule'])], ['what', fieldText(workflow['breed'])], ['next', typeof workflow['next'] === 'string' ? new Date(workflow['next']).toLocaleString() : ''],
            ['why not', fieldText(workflow['reason'])], ['triggers without room', fieldText(workflow['dropped'])], ['settings', fieldText(workflow['environment_variables'])],
          ]} />
        </Card>
      )}</Shown>
      <Runs name={name} />
      <Card title="What it prints"><LogLines source={{ key: name, open: signal => printed(name, undefined, signal) }} /></Card>
    </Page>
  )
}

function Runs({ name }: { readonly name: string }) {
  const runs = useLive(workflowRuns(name))
  return (
    <Card title="Runs">
      <Shown of={runs}>{rows => (
        <Table label="Runs, newest first" rows={rows} keyOf={({ id }) => id} empty="It has not run yet." columns={[
          { title: 'began', cell: ({ id, created }) => <Link to={path.workflowRun(name, id)}>{new Date(created).toLocaleString()}</Link> },
          { title: 'state', cell: ({ state }) => <RunBadge state={state} /> },
          { title: 'by', cell: ({ trigger, dry }) => `${triggerText(trigger)}${dry ? ' (dry)' : ''}` },
          { title: 'took', numeric: true, cell: tookText },
          { title: 'outcome', wide: true, cell: ({ reason, result }) => reason ?? (result === undefined ? '' : JSON.stringify(result).slice(0, 120)) },
        ]} />
      )}</Shown>
    </Card>
  )
}

/** Lines of a workflow, or of one of its runs. */
export async function* printed(name: string, run: string | undefined, signal: AbortSignal): AsyncGenerator<LogLine> {
  for await (const { data } of vamp().stream(workflows.logs, { path: { name }, query: { follow: true, tail: 500, ...(run === undefined ? {} : { run }) }, finite: run !== undefined }, signal))
    yield { timestamp: data.timestamp, isError: data.level === 'error', line: data.line, ...(run === undefined ? { from: data.run.slice(-6) } : {}) }
}
