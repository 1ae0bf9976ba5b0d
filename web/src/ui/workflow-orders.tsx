import { workflows } from '@vamp/model/api/workflows'
import { useState } from 'react'
import { vamp } from '../server.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Refusal } from './shown.tsx'
import { useToast } from './toast.tsx'

/** What a workflow can be told now. Only what ends it is asked about. */
export function WorkflowOrders({ name, status, onOrdered }: { readonly name: string; readonly status: string; readonly onOrdered: () => void }) {
  const [error, setError] = useState<unknown>()
  const [ending, setEnding] = useState(false)
  const tell = useToast()
  const act = (what: string, order: () => Promise<unknown>) => () => {
    setError(undefined)
    order().then(() => { tell('good', `${name}: ${what}`); setEnding(false); onOrdered() }, setError)
  }
  const put = (body: string) => () => vamp().call(workflows.putStatus, { path: { name }, body })
  return (
    <>
      {status === 'running' && <Button kind="main" onClick={act('a run begins', () => vamp().call(workflows.run, { path: { name }, body: {} }))}>Run now</Button>}
      {status === 'running' && <Button onClick={act('a dry run begins', () => vamp().call(workflows.run, { path: { name }, body: { dry: true } }))}>Dry run</Button>}
      {status === 'suspended' ? <Button onClick={act('goes on', put('starting'))}>Resume</Button> : <Button onClick={act('is suspended', put('suspending'))}>Suspend</Button>}
      <Button onClick={act('restarts', put('restarting'))}>Restart</Button>
      <Button kind="danger" onClick={() => setEnding(true)}>End it</Button>
      {error !== undefined && <Refusal error={error} />}
      {ending && <Dialog title={`End ${name}?`} action="End it" danger busy={false} onAct={act('ends', put('stopping'))} onClose={() => setEnding(false)}><p>What runs is ended, and the workflow is removed with its history and what its scripts remember.</p></Dialog>}
    </>
  )
}
