import { system } from '@vamp/model/api/system'
import { useState } from 'react'
import { Link } from 'react-router'
import { restartLive, useLive } from '../live.ts'
import { path } from '../path.ts'
import { signedIn, signOut, vamp } from '../server.ts'
import { applyTheme, savedTheme, THEMES } from '../theme.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Pairs } from '../ui/pairs.tsx'
import { Shown } from '../ui/shown.tsx'

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
        <p className="help">Options in force; each is a flag of <code>vamp up</code>, or a variable of its environment, and is changed by starting it anew.</p>
        <Shown of={config}>{value => <Pairs of={value} />}</Shown>
      </Card>
    </Page>
  )
}
