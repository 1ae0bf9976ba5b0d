import { system } from '@vamp/model/api/system'
import { restartLive, useLive } from '../live.ts'
import { signedIn, signOut, vamp } from '../server.ts'
import { Button } from '../ui/button.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'

export default function Info() {
  const info = useLive({ key: 'info', everyMs: 5000, load: async signal => (await vamp().call(system.info, {}, signal)).data })
  const stats = useLive({ key: 'stats', everyMs: 5000, load: async signal => (await vamp().call(system.stats, {}, signal)).data })
  return (
    <Page title="Info" actions={signedIn() && <Button onClick={() => { signOut(); restartLive() }}>Sign out</Button>}>
      <Card title="This server" aside={<a href="/docs">its API</a>}><Shown of={info}>{value => <Pairs of={value} />}</Shown></Card>
      <Card title="What it keeps"><Shown of={stats}>{value => <Pairs of={value} />}</Shown></Card>
    </Page>
  )
}

/** Nested values as `a.b`. */
function Pairs({ of }: { readonly of: object }) {
  return <dl className="pairs">{flat(of).map(([name, text]) => <Pair key={name} name={name} text={text} />)}</dl>
}

function Pair({ name, text }: { readonly name: string; readonly text: string }) {
  return <><dt>{name.replaceAll('_', ' ').replaceAll('.', ' · ')}</dt><dd>{text}</dd></>
}

function flat(value: object, prefix = ''): (readonly [string, string])[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) return flat(inner, `${prefix}${name}.`)
    return [[`${prefix}${name}`, Array.isArray(inner) ? inner.map(each => typeof each === 'object' ? JSON.stringify(each) : String(each)).join(', ') : String(inner)] as const]
  })
}
