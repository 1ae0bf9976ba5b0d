import type { ClusterView, InstanceView, ServiceView } from '@vamp/model/api/deployments'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { useNow } from '../live.ts'
import { useLive } from '../look.ts'
import { errorText, latencyText, numbersOf, rateText } from '../measured.ts'
import { path, type ServicePlace } from '../path.ts'
import { deployment, instanceTraffic } from '../sources.ts'
import { shortName } from '../topology.ts'
import { serviceName } from '../troubles.ts'
import { fieldText } from '../ui/artifact-list.tsx'
import { InstanceBadge, ServiceBadge } from '../ui/badge.tsx'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { Lines } from '../ui/lines.tsx'
import { LiveTraffic } from '../ui/live-traffic.tsx'
import { Card, Page } from '../ui/page.tsx'
import { ScaleDialog } from '../ui/scale-dialog.tsx'
import { Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'
import { sharesOf } from '../ui/versions.tsx'
import { since } from '../words.ts'

export default function Service() {
  const { name = '', cluster = '', service = '' } = useParams()
  const place = { deployment: name, cluster, service }
  const found = useLive(deployment(name))
  const [scaling, setScaling] = useState(false)
  const content = found.is === 'here' ? found.value.clusters[cluster] : undefined
  const view = content?.services.find(each => serviceName(each) === service)
  return (
    <Page title={service} crumbs={[{ name: 'Deployments', to: path.deployments() }, { name, to: path.deployment(name) }, { name: cluster, to: path.cluster(place) }]}
      actions={view && <><ButtonLink to={path.logs(place)}>Logs</ButtonLink><Button kind="main" onClick={() => setScaling(true)}>Scale</Button></>}>
      <Shown of={found}>{() => view && content ? <Content place={place} view={view} cluster={content} /> : <p className="empty">{service} does not run in {name}/{cluster} any more.</p>}</Shown>
      {scaling && view && <ScaleDialog {...place} scale={view.scale} onClose={() => setScaling(false)} onChanged={found.again} />}
    </Page>
  )
}

function Content({ place, view, cluster }: { readonly place: ServicePlace; readonly view: ServiceView; readonly cluster: ClusterView }) {
  const now = useNow()
  const { phase } = view.status
  const environment = Object.entries(view['environment_variables'] as object | undefined ?? {})
  return (
    <>
      <Card title="What it is" aside={<span className="line"><ServiceBadge service={view} /><span className="dim">for {since(phase.since, now)}</span></span>}>
        {phase.notification && <p className={phase.name === 'Failed' ? 'refusal' : 'help'}>{phase.notification}</p>}
        <Facts of={[
          ['traffic ordered', sharesOf(cluster, place.service)], ['instances', `${view.instances.filter(({ state }) => state === 'ready').length} of ${view.scale.instances}`],
          ['size of each', `${view.scale.cpu} cores, ${view.scale.memory}`], ['health', `${view.health.healthy} well, ${view.health.unhealthy} not, ${view.health.staged} not examined yet`],
          ['breed', <Link key="breed" to={path.artifact('breeds', place.service)}>{place.service}</Link>],
        ]} />
      </Card>
      <LiveTraffic of={place} />
      <Card title="Instances"><Instances place={place} instances={view.instances} /></Card>
      {environment.length > 0 && <Card title="Environment"><dl className="pairs">{environment.map(([key, value]) => <div key={key} className="pair"><dt><code>{key}</code></dt><dd><code>{fieldText(value)}</code></dd></div>)}</dl></Card>}
    </>
  )
}

function Instances({ place, instances }: { readonly place: ServicePlace; readonly instances: readonly InstanceView[] }) {
  const now = useNow()
  const traffic = useLive(instanceTraffic(place.deployment))
  const groups = traffic.is === 'here' ? traffic.value : []
  const rows = instances.map(instance => ({ instance, numbers: numbersOf(groups.filter(group => group.instance === instance.name)) }))
  return (
    <Table label={`Instances of ${place.service}`} rows={rows} keyOf={({ instance }) => instance.name} empty="It has no instance." columns={[
      { title: 'instance', cell: ({ instance: { name } }) => <Link to={path.instance({ ...place, instance: name })} title={name}>{shortName(name)}</Link> },
      { title: 'state', cell: ({ instance: { state } }) => <InstanceBadge state={state} /> },
      { title: 'for', numeric: true, cell: ({ instance }) => since(instance.since, now) },
      { title: 'requests', numeric: true, cell: ({ numbers }) => rateText(numbers) },
      { title: 'errors', numeric: true, cell: ({ numbers }) => errorText(numbers) },
      { title: 'p50', numeric: true, wide: true, cell: ({ numbers }) => latencyText(numbers, 'p50') },
      { title: 'p99', numeric: true, wide: true, cell: ({ numbers }) => latencyText(numbers, 'p99') },
      { title: 'address', wide: true, cell: ({ instance: { host, ports } }) => Object.values(ports).map(number => `${host}:${number}`).join(', ') },
      { title: 'why', cell: ({ instance: { reason, last_lines: lines } }) => <>{reason}{lines && lines.length > 0 && <details><summary>its last lines</summary><Lines label="Its last lines">{lines.join('\n')}</Lines></details>}</> },
    ]} />
  )
}
