import { ApiError } from '@vamp/client/api-error'
import type { Change } from '@vamp/model/api/change'
import { documents } from '@vamp/model/api/documents'
import type { Problem } from '@vamp/model/problem'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useNavigate } from 'react-router'
import { offsetOf, withDeployments } from '../document-text.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { languageKnown } from '../sources.ts'
import { useLive } from '../look.ts'
import { Button } from './button.tsx'
import { PlannedChanges } from './planned-changes.tsx'
import { Card } from './page.tsx'
import { Lines } from './lines.tsx'
import { Refusal } from './shown.tsx'
import { useToast } from './toast.tsx'

/** The editor comes when something is written. */
const YamlEditor = lazy(async () => ({ default: (await import('../editor/yaml-editor.tsx')).YamlEditor }))

const EXAMINE_MS = 500
const NOTHING_KNOWN = { schemas: {}, names: {} }
const NO_PROBLEMS: readonly Problem[] = []

type Examined =
  | { readonly is: 'waiting' }
  | { readonly is: 'wrong'; readonly problems: readonly Problem[] }
  | { readonly is: 'failed'; readonly error: unknown }
  | { readonly is: 'right'; readonly changes: readonly Change[]; readonly body: string }

/** YAML, examined by the server while it is written; nothing is stored before its plan was seen. */
export function DocumentEditor({ text: given, fresh }: { readonly text: string; /** Written for the first time: then a blueprint is usually meant to run. */ readonly fresh?: true }) {
  const [text, setText] = useState(given)
  const [deploy, setDeploy] = useState(fresh ?? false)
  const examined = useExamined(text, deploy)
  const known = useLive(languageKnown())
  const [jump, setJump] = useState<{ readonly to: number }>()
  const problems = examined.is === 'wrong' ? examined.problems : NO_PROBLEMS
  return (
    <>
      <Suspense fallback={<div className="code" aria-busy="true" />}><YamlEditor text={text} problems={problems} known={known.is === 'here' ? known.value : NOTHING_KNOWN} jump={jump} onText={setText} /></Suspense>
      <div aria-live="polite">
        {problems.length > 0 && <Card title={`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`}>{problems.map(problem => <ProblemNote key={`${problem.path} ${problem.message} ${problem.at?.line}`} problem={problem} onJump={() => { if (problem.at) setJump({ to: offsetOf(text, problem.at) }) }} />)}</Card>}
        {examined.is === 'failed' && <Refusal error={examined.error} />}
      </div>
      {examined.is === 'right' && <Plan examined={examined} deploy={deploy} onDeploy={setDeploy} />}
    </>
  )
}

function ProblemNote({ problem: { message, at, path: where, hint }, onJump }: { readonly problem: Problem; readonly onJump: () => void }) {
  return (
    <div className="problem">
      <span>{at ? <button type="button" className="tag" onClick={onJump}>line {at.line}, column {at.column}</button> : <code>{where}</code>} {message}</span>
      {at?.caret && <Lines label={`Line ${at.line}`}>{at.caret}</Lines>}
      {hint && <span className="help">{hint}</span>}
    </div>
  )
}

function Plan({ examined: { changes, body }, deploy, onDeploy }: { readonly examined: Examined & { readonly is: 'right' }; readonly deploy: boolean; readonly onDeploy: (deploy: boolean) => void }) {
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const tell = useToast()
  const go = useNavigate()
  const real = changes.filter(change => change.do !== 'keep')
  const apply = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await vamp().call(documents.put, { body })
      tell('good', `${real.length} ${real.length === 1 ? 'change is' : 'changes are'} made`)
      const to = destination(changes)
      if (to) go(to)
    } catch (thrown) {
      setError(thrown)
    }
    setBusy(false)
  }
  return (
    <Card title="What will happen">
      {changes.some(({ kind }) => kind === 'blueprints') && <label className="line"><input type="checkbox" checked={deploy} onChange={({ target }) => onDeploy(target.checked)} /> and deploy the blueprint under its own name</label>}
      <PlannedChanges changes={changes} />
      {error !== undefined && <Refusal error={error} />}
      <div className="actions"><Button kind="main" disabled={busy || real.length === 0} onClick={() => { void apply() }}>{real.length === 0 ? 'Nothing to change' : 'Apply'}</Button></div>
    </Card>
  )
}

/** Where it can be watched. */
function destination(changes: readonly Change[]): string | undefined {
  const named = (kind: string) => changes.find(change => change.kind === kind)?.name
  const [release, deployment] = [named('releases'), named('deployments')]
  return release !== undefined ? path.release(release) : deployment === undefined ? undefined : path.deployment(deployment)
}

function useExamined(text: string, deploy: boolean): Examined {
  const [examined, setExamined] = useState<Examined>({ is: 'waiting' })
  useEffect(() => {
    const gone = new AbortController()
    const timer = setTimeout(() => {
      examine(text, deploy, gone.signal).then(setExamined, error => {
        if (gone.signal.aborted) return
        setExamined(error instanceof ApiError && error.problems.length > 0 ? { is: 'wrong', problems: error.problems } : { is: 'failed', error })
      })
    }, EXAMINE_MS)
    return () => { clearTimeout(timer); gone.abort() }
  }, [text, deploy])
  return examined
}

async function examine(text: string, deploy: boolean, signal: AbortSignal): Promise<Examined> {
  if (text.trim() === '') return { is: 'waiting' }
  const { changes } = await vamp().plan(documents.put, { body: text }, signal)
  const body = deploy ? withDeployments(text, changes) : text
  return body === text ? { is: 'right', changes, body } : { is: 'right', changes: (await vamp().plan(documents.put, { body }, signal)).changes, body }
}
