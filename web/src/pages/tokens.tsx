import { tokens } from '@vamp/model/api/tokens'
import type { Role } from '@vamp/model/token'
import { type FormEvent, useState } from 'react'
import { useNow } from '../live.ts'
import { useLive } from '../look.ts'
import { reasonOf, vamp } from '../server.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Refusal, Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'
import { useToast } from '../ui/toast.tsx'
import { since } from '../words.ts'

const ROLES: readonly (readonly [role: Role, may: string])[] = [
  ['viewer', 'may look at everything but secrets and settings'],
  ['operator', 'may also deploy, release, scale and change gateways'],
  ['admin', 'may also make and revoke tokens'],
]

/** Who may use the API, and what for. */
export default function Tokens() {
  const list = useLive({ key: 'tokens', everyMs: 5000, load: async (signal: AbortSignal) => (await vamp().call(tokens.list, {}, signal)).data })
  const [leaving, setLeaving] = useState<string>()
  const now = useNow(10_000)
  return (
    <Page title="Tokens and roles">
      <p className="about">A token is what a program or a person shows to use this server. Where the server listens on this machine only, it asks for none.</p>
      <Card title="Roles"><dl className="pairs">{ROLES.map(([role, may]) => <div key={role} className="pair"><dt>{role}</dt><dd>{may}</dd></div>)}</dl></Card>
      <Shown of={list}>{rows => (
        <Table label="Tokens" rows={rows} keyOf={({ name }) => name} empty="There is no token." columns={[
          { title: 'name', cell: ({ name }) => <b>{name}</b> },
          { title: 'role', cell: ({ role }) => role },
          { title: 'made', numeric: true, cell: ({ created }) => `${since(created, now)} ago` },
          { title: '', numeric: true, cell: ({ name }) => <Button kind="danger" aria-label={`Revoke ${name}`} onClick={() => setLeaving(name)}>Revoke</Button> },
        ]} />
      )}</Shown>
      <NewToken onMade={list.again} />
      {leaving !== undefined && <RevokeDialog name={leaving} onClose={() => setLeaving(undefined)} onRevoked={list.again} />}
    </Page>
  )
}

function NewToken({ onMade }: { readonly onMade: () => void }) {
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('operator')
  const [secret, setSecret] = useState<{ readonly name: string; readonly token: string }>()
  const [error, setError] = useState<unknown>()
  const make = async (event: FormEvent) => {
    event.preventDefault()
    try {
      const { data } = await vamp().call(tokens.create, { body: { name: name.trim(), role } })
      setSecret(data)
      setName('')
      setError(undefined)
      onMade()
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <Card title="A new token">
      <form className="form" onSubmit={event => { void make(event) }}>
        <Field label="Name" help="Of who will use it: ci, anna, grafana.">{ids => <input {...ids} type="text" required pattern="[A-Za-z0-9._@\-]{1,100}" value={name} onChange={({ target }) => setName(target.value)} />}</Field>
        <Field label="Role">{ids => <select {...ids} value={role} onChange={({ target }) => setRole(ROLES.find(([each]) => each === target.value)?.[0] ?? 'viewer')}>{ROLES.map(([each, may]) => <option key={each} value={each}>{each}: {may}</option>)}</select>}</Field>
        {error !== undefined && <Refusal error={error} />}
        <div className="actions"><Button type="submit" kind="main">Make it</Button></div>
      </form>
      {secret && <div role="status" className="secret"><p>The token {secret.name}. <b>It is shown this once</b>; keep it where secrets are kept.</p><code>{secret.token}</code></div>}
    </Card>
  )
}

function RevokeDialog({ name, onClose, onRevoked }: { readonly name: string; readonly onClose: () => void; readonly onRevoked: () => void }) {
  const tell = useToast()
  const act = async () => {
    try {
      await vamp().call(tokens.revoke, { path: { name } })
      tell('good', `the token ${name} is revoked`)
    } catch (error) {
      tell('bad', reasonOf(error))
    }
    onRevoked()
    onClose()
  }
  return <Dialog title={`Revoke ${name}?`} action="Revoke" danger onAct={() => { void act() }} onClose={onClose}><p>Whoever uses it is refused from now on.</p></Dialog>
}
