import { system } from '@vamp/model/api/system'
import { type FormEvent, useState } from 'react'
import { Link } from 'react-router'
import { restartLive } from '../live.ts'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { signedIn, signOut, vamp } from '../server.ts'
import { applyTheme, savedTheme, THEMES } from '../theme.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Pairs } from '../ui/pairs.tsx'
import { Refusal, Shown } from '../ui/shown.tsx'
import { useToast } from '../ui/toast.tsx'

const WORDS = { system: 'as the system says', light: 'light', dark: 'dark' } as const

/** Of this browser, and of the server. */
export default function Settings() {
  const [theme, setTheme] = useState(savedTheme)
  const config = useLive({ key: 'config', everyMs: 30_000, load: async (signal: AbortSignal) => (await vamp().call(system.config, { query: { flatten: true } }, signal)).data })
  return (
    <Page title="Settings" actions={signedIn() && <Button onClick={() => { signOut(); restartLive() }}>Sign out</Button>}>
      <Card title="Of this browser">
        <Field label="Colours">{ids => <select {...ids} value={theme} onChange={({ target }) => { const chosen = THEMES.find(each => each === target.value) ?? 'system'; applyTheme(chosen); setTheme(chosen) }}>{THEMES.map(each => <option key={each} value={each}>{WORDS[each]}</option>)}</select>}</Field>
        <p className="help">The key <kbd>/</kbd> searches everything. Who may use this server is kept under <Link to={path.tokens()}>tokens and roles</Link>.</p>
      </Card>
      <Card title="Of the server">
        <p className="help">Options in force. Each is a flag of <code>vamp up</code> or a variable of its environment; some can be changed while it runs.</p>
        <Shown of={config}>{value => <><Change options={value} onChanged={config.again} /><Pairs of={value} /></>}</Shown>
      </Card>
    </Page>
  )
}

/** One option, for good: over flags and environment, until it is set back. The server says which can be changed and to what. */
function Change({ options, onChanged }: { readonly options: Readonly<Record<string, unknown>>; readonly onChanged: () => void }) {
  const changed = useLive({ key: 'config dynamic', everyMs: 30_000, load: async (signal: AbortSignal) => (await vamp().call(system.config, { query: { type: 'dynamic' } }, signal)).data })
  const [option, setOption] = useState('log-level')
  const [value, setValue] = useState('')
  const [error, setError] = useState<unknown>()
  const tell = useToast()
  const before = changed.is === 'here' ? changed.value : {}
  const put = async (after: Readonly<Record<string, unknown>>, told: string) => {
    try {
      await vamp().call(system.putConfig, { body: after })
      tell('good', told)
      setError(undefined)
    } catch (thrown) {
      setError(thrown)
    }
    changed.again()
    onChanged()
  }
  const submit = (event: FormEvent) => { event.preventDefault(); void put({ ...before, [option]: value }, `${option} is ${value} now`) }
  return (
    <>
      {Object.entries(before).map(([name, set]) => <p key={name} className="line"><Badge tone="warn">changed</Badge><code>{name}</code> {String(set)}
        <Button kind="quiet" aria-label={`Set ${name} back`} onClick={() => { void put(Object.fromEntries(Object.entries(before).filter(([each]) => each !== name)), `${name} is as it was started`) }}>Set back</Button></p>)}
      <form className="filters" onSubmit={submit}>
        <Field label="Option">{ids => <select {...ids} value={option} onChange={({ target }) => setOption(target.value)}>{Object.keys(options).map(name => <option key={name}>{name}</option>)}</select>}</Field>
        <Field label="Value">{ids => <input {...ids} type="text" required value={value} onChange={({ target }) => setValue(target.value)} />}</Field>
        <Button type="submit">Change it</Button>
      </form>
      {error !== undefined && <Refusal error={error} />}
    </>
  )
}
