import { type FormEvent, useState } from 'react'
import { restartLive } from '../live.ts'
import { signedIn, signIn } from '../server.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { Page } from '../ui/page.tsx'

export default function SignIn() {
  const [secret, setSecret] = useState('')
  const submit = (event: FormEvent) => { event.preventDefault(); signIn(secret.trim()); restartLive() }
  return (
    <Page title="Sign in">
      <form className="form" onSubmit={submit}>
        {signedIn() && <p role="alert" className="refusal">The server does not know this token, or it was revoked.</p>}
        <Field label="Token" help="As vamp token create prints it, or as the server printed it when it was first started. It is forgotten when this tab is closed.">
          {ids => <input {...ids} type="password" autoComplete="current-password" required value={secret} onChange={({ target }) => setSecret(target.value)} />}
        </Field>
        <div className="actions"><Button type="submit" kind="main">Sign in</Button></div>
      </form>
    </Page>
  )
}
