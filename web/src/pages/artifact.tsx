import { documents } from '@vamp/model/api/documents'
import { singular } from '@vamp/model/kind'
import { useEffect, useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { artifactText, type EditedKind } from '../sources.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { DocumentEditor } from '../ui/document-editor.tsx'
import { Page } from '../ui/page.tsx'
import { Refusal } from '../ui/shown.tsx'
import { useToast } from '../ui/toast.tsx'
import { editedKind } from './artifacts.tsx'

export default function Artifact() {
  const { kind: word, name = '' } = useParams()
  const kind = editedKind(word)
  const [text, setText] = useState<string>()
  const [error, setError] = useState<unknown>()
  const [removing, setRemoving] = useState(false)
  useEffect(() => {
    const gone = new AbortController()
    setText(undefined)
    artifactText(kind, name, gone.signal).then(setText, thrown => { if (!gone.signal.aborted) setError(thrown) })
    return () => gone.abort()
  }, [kind, name])
  return (
    <Page title={`${singular(kind)} ${name}`} crumbs={[{ name: 'Artifacts', to: path.artifacts() }, { name: kind, to: path.artifacts(kind) }]} actions={text !== undefined && <Button kind="danger" onClick={() => setRemoving(true)}>Remove</Button>}>
      {error !== undefined && <Refusal error={error} />}
      {text !== undefined && <DocumentEditor key={`${kind} ${name}`} text={text} />}
      {removing && <RemoveDialog kind={kind} name={name} onClose={() => setRemoving(false)} />}
    </Page>
  )
}

function RemoveDialog({ kind, name, onClose }: { readonly kind: EditedKind; readonly name: string; readonly onClose: () => void }) {
  const [error, setError] = useState<unknown>()
  const tell = useToast()
  const go = useNavigate()
  const act = async () => {
    try {
      await vamp().call(documents.delete, { body: `kind: ${kind}\nname: ${JSON.stringify(name)}\n` })
      tell('good', `${singular(kind)} ${name} is removed`)
      go(path.artifacts(kind))
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <Dialog title={`Remove ${singular(kind)} ${name}?`} action="Remove" danger onAct={() => { void act() }} onClose={onClose}>
      <p>What was deployed from it stays as it is.</p>
      {error !== undefined && <Refusal error={error} />}
    </Dialog>
  )
}
