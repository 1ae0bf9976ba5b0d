import { documents } from '@vamp/model/api/documents'
import { workflows } from '@vamp/model/api/workflows'
import { lazy, Suspense, useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { artifact, shippedWorkflows, workflowRun } from '../sources.ts'
import { fieldText } from '../ui/artifact-list.tsx'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { LogLines } from '../ui/log-view.tsx'
import { Card, Page } from '../ui/page.tsx'
import { RunBadge } from '../ui/run-badge.tsx'
import { Refusal, Shown } from '../ui/shown.tsx'
import { printed } from './workflow.tsx'

const ScriptEditor = lazy(async () => ({ default: (await import('../editor/script-editor.tsx')).ScriptEditor }))

const FRESH = `import { vamp } from '@vamp/client/workflow'

for (const { name } of await vamp.deployments.list()) {
  const { total } = await vamp.metrics(name, { since: '1m' })
  vamp.log(name, total.rate.toFixed(1), 'requests/s')
}
`
interface Settings { readonly name: string; readonly schedule: string; readonly environment: string }

/** Writing a script, trying it with its output beside it, and keeping it as a workflow. */
export default function WorkflowScript() {
  const { name } = useParams()
  return name === undefined ? <NewScript /> : <KnownScript name={name} />
}

function KnownScript({ name }: { readonly name: string }) {
  const workflow = useLive(artifact('workflows', name))
  const breed = useLive(artifact('breeds', workflow.is === 'here' ? fieldText(workflow.value['breed']) : name))
  return (
    <Page title={`Script of ${name}`} crumbs={[{ name: 'Workflows', to: path.workflows() }, { name, to: path.workflow(name) }]}>
      <Shown of={workflow}>{found => <Shown of={breed}>{({ deployable, environment_variables: environment }) => <Bench key={name} fixed={name} script={String((deployable as { definition?: unknown })?.definition ?? '')} settings={{ name, schedule: scheduleText(found['schedule']), environment: linesOf(environment) }} />}</Shown>}</Shown>
    </Page>
  )
}

function NewScript() {
  const shipped = useLive(shippedWorkflows())
  const [chosen, setChosen] = useState('')
  const found = shipped.is === 'here' ? shipped.value.find(({ name }) => name === chosen) : undefined
  return (
    <Page title="New workflow" crumbs={[{ name: 'Workflows', to: path.workflows() }]}>
      <Card title="Begin with">
        <Field label="One that comes with Vamp" help={found?.summary ?? 'Or write one of your own.'}>{ids => <select {...ids} value={chosen} onChange={({ target }) => setChosen(target.value)}><option value="">a script of your own</option>{shipped.is === 'here' && shipped.value.map(({ name }) => <option key={name}>{name}</option>)}</select>}</Field>
        {found && found.settings.length > 0 && <dl className="facts">{found.settings.map(({ name, help }) => <div key={name}><dt>{name}</dt><dd>{help}</dd></div>)}</dl>}
      </Card>
      <Bench key={chosen} script={found?.script ?? FRESH} settings={{ name: chosen || 'my-workflow', schedule: scheduleText(found?.schedule ?? 'daemon'), environment: (found?.settings ?? []).map(({ name, value }) => `${name}=${value ?? ''}`).join('\n') }} />
    </Page>
  )
}

function Bench({ script: given, settings: begin, fixed }: { readonly script: string; readonly settings: Settings; readonly fixed?: string }) {
  const [script, setScript] = useState(given)
  const [settings, setSettings] = useState(begin)
  const [run, setRun] = useState<{ readonly name: string; readonly id: string }>()
  const [error, setError] = useState<unknown>()
  const go = useNavigate()
  const breed = () => ({ name: settings.name, deployable: { type: 'application/typescript', definition: script }, environment_variables: environmentOf(settings.environment) })
  const hosts = () => { const named = environmentOf(settings.environment)['HOSTS']; return named ? { hosts: named.split(',') } : {} }
  const attempt = (action: () => Promise<unknown>) => () => { setError(undefined); Promise.resolve().then(action).catch(setError) }
  const tryIt = (dry: boolean) => attempt(async () => {
    const { data } = await vamp().call(workflows.try, { body: { dry, workflow: { name: settings.name, schedule: 'daemon', breed: breed(), ...hosts() } } })
    setRun({ name: data.workflow, id: data.id })
  })
  const keep = attempt(async () => {
    await vamp().call(documents.put, { body: JSON.stringify([{ kind: 'breeds', ...breed() }, { kind: 'workflows', name: settings.name, breed: settings.name, schedule: scheduleOf(settings.schedule), status: 'starting', ...hosts() }]) })
    go(path.workflow(settings.name))
  })
  const change = (key: keyof Settings) => ({ target }: { readonly target: { readonly value: string } }) => setSettings(before => ({ ...before, [key]: target.value }))
  return (
    <>
      <Suspense fallback={<div className="code" aria-busy="true" />}><ScriptEditor text={given} onText={setScript} /></Suspense>
      <Card title="How it runs">
        {fixed === undefined && <Field label="Name">{ids => <input {...ids} type="text" required value={settings.name} onChange={change('name')} />}</Field>}
        <Field label="Schedule" help={'daemon, or {"event": ["deployments:shop"]}, or {"time": "PT1M"}'}>{ids => <input {...ids} type="text" value={settings.schedule} onChange={change('schedule')} />}</Field>
        <Field label="Settings" help="NAME=value, one a line; scripts find them in vamp.env">{ids => <textarea {...ids} rows={4} value={settings.environment} onChange={change('environment')} />}</Field>
        {error !== undefined && <Refusal error={error} />}
        <div className="actions"><Button onClick={tryIt(true)}>Try it dry</Button><Button onClick={tryIt(false)}>Try it</Button><Button kind="main" onClick={keep}>{fixed === undefined ? 'Start' : 'Keep and restart'}</Button></div>
      </Card>
      {run && <Tried key={run.id} {...run} />}
    </>
  )
}

function Tried({ name, id }: { readonly name: string; readonly id: string }) {
  const run = useLive(workflowRun(name, id))
  return (
    <Card title="What it does" aside={run.is === 'here' && <RunBadge state={run.value.state} />}>
      {run.is === 'here' && run.value.reason !== undefined && <p className="help">{run.value.reason}</p>}
      {run.is === 'here' && run.value.result !== undefined && <pre>{JSON.stringify(run.value.result, null, 2)}</pre>}
      <LogLines source={{ key: id, open: signal => printed(name, id, signal) }} />
    </Card>
  )
}

const scheduleText = (schedule: unknown) => typeof schedule === 'string' ? schedule : JSON.stringify(schedule)

function scheduleOf(text: string): unknown {
  return text.trim().startsWith('{') ? JSON.parse(text) as unknown : text.trim()
}

const linesOf = (map: unknown) => Object.entries((map ?? {}) as object).map(([name, value]) => `${name}=${String(value ?? '')}`).join('\n')

function environmentOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split('\n').flatMap(line => { const at = line.indexOf('='); return at < 1 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()]] }))
}
