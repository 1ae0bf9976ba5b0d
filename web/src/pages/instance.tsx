import { useParams } from 'react-router'
import { useNow } from '../live.ts'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { deployment } from '../sources.ts'
import { serviceName } from '../troubles.ts'
import { InstanceBadge } from '../ui/badge.tsx'
import { Facts } from '../ui/facts.tsx'
import { Lines } from '../ui/lines.tsx'
import { LiveTraffic } from '../ui/live-traffic.tsx'
import { LogView } from '../ui/log-view.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { since } from '../words.ts'

export default function Instance() {
  const { name = '', cluster = '', service = '', instance = '' } = useParams()
  const place = { deployment: name, cluster, service }
  const found = useLive(deployment(name))
  const now = useNow()
  return (
    <Page title={instance} crumbs={[{ name: 'Deployments', to: path.deployments() }, { name, to: path.deployment(name) }, { name: cluster, to: path.cluster(place) }, { name: service, to: path.service(place) }]}>
      <Shown of={found}>{({ clusters }) => {
        const view = clusters[cluster]?.services.find(each => serviceName(each) === service)?.instances.find(each => each.name === instance)
        if (view === undefined) return <p className="empty">This instance is gone; others may have taken its place.</p>
        return (
          <Card title="What it is" aside={<InstanceBadge state={view.state} />}>
            {view.reason && <p className={view.state === 'failed' ? 'refusal' : 'help'}>{view.reason}</p>}
            <Facts of={[['for', since(view.since, now)], ['takes requests', view.deployed ? 'yes' : 'no'], ['crashes', String(view.crashes ?? 0)], ...Object.entries(view.ports).map(([port, number]) => [`port ${port}`, `${view.host}:${number}`] as const)]} />
            {view.last_lines && view.last_lines.length > 0 && <Lines label="Its last lines">{view.last_lines.join('\n')}</Lines>}
          </Card>
        )
      }}</Shown>
      <LiveTraffic of={{ ...place, instance }} />
      <Card title="What it prints"><LogView {...place} instance={instance} /></Card>
    </Page>
  )
}
