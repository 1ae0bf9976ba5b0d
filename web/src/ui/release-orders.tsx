import { type ReleaseView, releases } from '@vamp/model/api/releases'
import { type Order, orderFits } from '@vamp/model/release-order'
import { useState } from 'react'
import { vamp } from '../server.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Field } from './field.tsx'
import { Refusal } from './shown.tsx'
import { useToast } from './toast.tsx'

interface Words { readonly order: Order; readonly label: string; readonly danger?: true; readonly what: (status: ReleaseView) => string }

const ORDERS: readonly Words[] = [
  { order: 'approve', label: 'Approve', what: status => `The gate opens, and the share may grow beyond it when its evidence is in. ${closedGate(status) ?? ''}` },
  { order: 'rollback', label: 'Roll back', danger: true, what: ({ from, to }) => `All traffic goes back to ${from || 'the old version'} at once; ${to} finishes the requests it has begun and is removed.` },
  { order: 'pause', label: 'Pause', what: ({ weight }) => `The share stays at ${weight} % until somebody resumes. If harm is proven, it is still rolled back.` },
  { order: 'resume', label: 'Resume', what: () => 'The share grows again as the evidence comes in.' },
  { order: 'promote', label: 'Promote', what: ({ to, from }) => `${to} takes all the traffic without waiting for more evidence. ${from || 'The old version'} stays warm for a while, so that it can be rolled back.` },
  { order: 'set-weight', label: 'Set weight', what: ({ to }) => `${to} gets this share of the traffic, and the ramp pauses there.` },
  { order: 'abort', label: 'Abort', danger: true, what: ({ from, to }) => `The release ends undecided: ${from || 'the old version'} takes everything, ${to} is removed.` },
]

/** The first that waits for a person, in its words. */
const closedGate = ({ gates = [] }: ReleaseView) => gates.find(({ is, open }) => is === 'approve' && !open)?.sentence

/** What the release can be told now, each with a question before it happens. */
export function ReleaseOrders({ status, onOrdered }: { readonly status: ReleaseView; readonly onOrdered: () => void }) {
  const [asked, setAsked] = useState<Words>()
  const possible = ORDERS.filter(({ order }) => orderFits(order, status.phase) && (order !== 'approve' || closedGate(status) !== undefined))
  return (
    <>
      {possible.map(words => <Button key={words.order} kind={words.order === 'rollback' ? 'danger' : words.order === 'approve' ? 'main' : 'plain'} onClick={() => setAsked(words)}>{words.label}</Button>)}
      {asked && <OrderDialog words={asked} status={status} onClose={() => setAsked(undefined)} onOrdered={onOrdered} />}
    </>
  )
}

function OrderDialog({ words: { order, label, danger, what }, status, onClose, onOrdered }: { readonly words: Words; readonly status: ReleaseView; readonly onClose: () => void; readonly onOrdered: () => void }) {
  const [reason, setReason] = useState('')
  const [weight, setWeight] = useState(status.weight)
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const tell = useToast()
  const act = async () => {
    setBusy(true)
    try {
      const input = { path: { name: status.name }, body: reason === '' ? {} : { reason } }
      if (order === 'set-weight') await vamp().call(releases.weight, { ...input, body: { ...input.body, weight } })
      else await vamp().call(releases[order], input)
      tell('good', `${status.name}: ${label.toLowerCase()} ordered`)
      onOrdered()
      onClose()
    } catch (thrown) {
      setError(thrown)
      setBusy(false)
    }
  }
  return (
    <Dialog title={`${label}: ${status.name}?`} action={label} danger={danger ?? false} busy={busy} onAct={() => { void act() }} onClose={onClose}>
      <p>{what(status)}</p>
      {order === 'set-weight' && <Field label="Share in percent">{ids => <input {...ids} type="number" min="0" max="100" step="0.01" required value={weight} onChange={({ target }) => setWeight(target.valueAsNumber)} />}</Field>}
      <Field label="Reason" help="Kept with the release, for whoever asks later; may be empty.">{ids => <input {...ids} type="text" maxLength={1000} value={reason} onChange={({ target }) => setReason(target.value)} />}</Field>
      {error !== undefined && <Refusal error={error} />}
    </Dialog>
  )
}
