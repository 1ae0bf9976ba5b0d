import { system } from '@vamp/model/api/system'
import { useLive } from '../look.ts'
import { vamp } from '../server.ts'
import { Card, Page } from '../ui/page.tsx'
import { Pairs } from '../ui/pairs.tsx'
import { Shown } from '../ui/shown.tsx'

export default function Info() {
  const info = useLive({ key: 'info', everyMs: 5000, load: async (signal: AbortSignal) => (await vamp().call(system.info, {}, signal)).data })
  const stats = useLive({ key: 'stats', everyMs: 5000, load: async (signal: AbortSignal) => (await vamp().call(system.stats, {}, signal)).data })
  return (
    <Page title="Info">
      <Card title="This server" aside={<a href="/docs">its API</a>}><Shown of={info}>{value => <Pairs of={value} />}</Shown></Card>
      <Card title="What it keeps"><Shown of={stats}>{value => <Pairs of={value} />}</Shown></Card>
    </Page>
  )
}
