import { type ClusterView, type DeploymentView, deployments, type ServiceView } from '@vamp/model/api/deployments'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { useLive, useNow } from '../live.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { deployment } from '../sources.ts'
import { serviceName } from '../troubles.ts'
import { InstanceBadge, ServiceBadge } from '../ui/badge.tsx'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Card, Page } from '../ui/page.tsx'
import { ScaleDialog } from '../ui/scale-dialog.tsx'
import { ServiceNumbers } from '../ui/service-numbers.tsx'
import { Refusal, Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'
import { useToast } from '../ui/toast.tsx'
import { since } from '../words.ts'

export default function Deployment() {
  const { name = '' } = useParams()
  const found = useLive(deployment(name))
  const [leaving, setLeaving] = useState(false)
  return (
    <Page title={name} actions={found.is === 'here' && <><ButtonLink to={path.events({ tag: `deployments:${name}` })}>Events</ButtonLink><Button kind="danger" onClick={() => setLeaving(true)}>Undeploy</Button></>}>
      <Shown of={found}>{view => <Clusters view={view} onChanged={found.again} />}</Shown>
      {leaving && <UndeployDialog name={name} onClose={() => setLeaving(false)} />}
    </Page>
  )
}

function Clusters({ view, onChanged }: { readonly view: DeploymentView; readonly onChanged: () => void }) {
  const clusters = Object.entries(view.clusters)
  if (clusters.length === 0) return <p className="empty">Nothing of it is left.</p>
  return clusters.map(([cluster, content]) => (
    <Card key={cluster} title={cluster} aside={<ButtonLink to={path.newRelease({ deployment: view.name, cluster })}>Release a new version</ButtonLink>}>
      <p className="line">{Object.keys(content.gateways).map(port => <span key={port} className="dim">port {port}: <Link to={path.gateway(`${view.name}/${cluster}/${port}`)}>gateway {view.name}/{cluster}/{port}</Link></span>)}</p>
      {content.services.map(service => <Service key={serviceName(service)} deployment={view.name} cluster={cluster} service={service} shares={sharesOf(content, serviceName(service))} onChanged={onChanged} />)}
    </Card>
  ))
}

/** `http 25 %` for each port of the cluster. */
function sharesOf({ gateways }: ClusterView, service: string): string {
  return Object.entries(gateways).flatMap(([port, { routes }]) => {
    const route = (routes as Readonly<Record<string, { readonly weight?: unknown }>> | undefined)?.[service]
    return typeof route?.weight === 'string' ? [Object.keys(gateways).length > 1 ? `${port} ${route.weight}` : route.weight] : []
  }).join(', ')
}

function Service({ deployment: name, cluster, service, shares, onChanged }: { readonly deployment: string; readonly cluster: string; readonly service: ServiceView; readonly shares: string; readonly onChanged: () => void }) {
  const [scaling, setScaling] = useState(false)
  const now = useNow()
  const place = { deployment: name, cluster, service: serviceName(service) }
  const { phase } = service.status
  const port = Object.keys(service.breed['ports'] as object | undefined ?? {})[0]
  return (
    <section className="service" aria-label={place.service}>
      <div className="line"><span className="name">{place.service}</span><ServiceBadge service={service} /><span className="dim">for {since(phase.since, now)}</span>
        <span className="actions"><Button onClick={() => setScaling(true)}>Scale</Button><ButtonLink to={path.logs(place)}>Logs</ButtonLink></span></div>
      {phase.notification && <p className={phase.name === 'Failed' ? 'refusal' : 'help'}>{phase.notification}</p>}
      <dl className="facts">
        {shares && <div><dt>traffic</dt><dd>{shares}</dd></div>}
        <div><dt>size of each</dt><dd>{service.scale.cpu} cores, {service.scale.memory}</dd></div>
        {port && <ServiceNumbers {...place} port={port} />}
      </dl>
      <Table label={`Instances of ${place.service}`} rows={service.instances} keyOf={({ name: id }) => id} empty="It has no instance." columns={[
        { title: 'instance', cell: ({ name: id }) => id },
        { title: 'state', cell: ({ state }) => <InstanceBadge state={state} /> },
        { title: 'for', numeric: true, cell: ({ since: from }) => since(from, now) },
        { title: 'address', wide: true, cell: ({ host, ports }) => Object.values(ports).map(number => `${host}:${number}`).join(', ') },
        { title: 'why', cell: ({ reason, last_lines: lines }) => <>{reason}{lines && lines.length > 0 && <details><summary>its last lines</summary><pre>{lines.join('\n')}</pre></details>}</> },
      ]} />
      {scaling && <ScaleDialog {...place} scale={service.scale} onClose={() => setScaling(false)} onChanged={onChanged} />}
    </section>
  )
}

function UndeployDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const [error, setError] = useState<unknown>()
  const tell = useToast()
  const go = useNavigate()
  const act = async () => {
    try {
      await vamp().call(deployments.delete, { path: { deployment: name }, query: { all: true } })
      tell('good', `${name} is being taken away`)
      go(path.deployments())
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <Dialog title={`Undeploy ${name}?`} action="Undeploy" danger onAct={() => { void act() }} onClose={onClose}>
      <p>Every service of {name} finishes the requests it has begun and is stopped; its gateways go with it. The blueprint stays.</p>
      {error !== undefined && <Refusal error={error} />}
    </Dialog>
  )
}
