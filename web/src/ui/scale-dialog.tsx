import { deployments } from '@vamp/model/api/deployments'
import { useState } from 'react'
import { vamp } from '../server.ts'
import { Dialog } from './dialog.tsx'
import { Field } from './field.tsx'
import { Refusal } from './shown.tsx'
import { useToast } from './toast.tsx'

interface Scale { readonly cpu: number; readonly memory: string; readonly instances: number }

export function ScaleDialog({ deployment, cluster, service, scale, onClose, onChanged }: { readonly deployment: string; readonly cluster: string; readonly service: string; readonly scale: Scale; readonly onClose: () => void; readonly onChanged: () => void }) {
  const [wanted, setWanted] = useState(scale)
  const [error, setError] = useState<unknown>()
  const tell = useToast()
  const resized = wanted.cpu !== scale.cpu || wanted.memory !== scale.memory
  const act = async () => {
    try {
      await vamp().call(deployments.putScale, { path: { deployment, cluster, service }, body: { cpu: wanted.cpu, memory: wanted.memory, instances: wanted.instances } })
      tell('good', `${service}: ${wanted.instances} instances ordered`)
      onChanged()
      onClose()
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <Dialog title={`Scale ${service}`} action="Scale" onAct={() => { void act() }} onClose={onClose}>
      <Field label="Instances">{ids => <input {...ids} type="number" min="0" step="1" required value={wanted.instances} onChange={({ target }) => setWanted({ ...wanted, instances: target.valueAsNumber })} />}</Field>
      <Field label="Cores of each">{ids => <input {...ids} type="number" min="0" step="0.01" required value={wanted.cpu} onChange={({ target }) => setWanted({ ...wanted, cpu: target.valueAsNumber })} />}</Field>
      <Field label="Memory of each" help="Such as 64MB or 2GB.">{ids => <input {...ids} type="text" required value={wanted.memory} onChange={({ target }) => setWanted({ ...wanted, memory: target.value })} />}</Field>
      <p className="help">{sentence(scale.instances, wanted.instances)}{resized && ' Another size means new instances: each new one is ready before an old one leaves.'}</p>
      {error !== undefined && <Refusal error={error} />}
    </Dialog>
  )
}

function sentence(before: number, after: number): string {
  if (after > before) return `${after - before} more will be started and get traffic when they are healthy.`
  if (after < before) return `${before - after} will finish the requests they have begun and stop.`
  return 'The number stays as it is.'
}
