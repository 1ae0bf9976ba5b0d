import { ApiError } from '@vamp/client/api-error'
import type { ArtifactJson } from '@vamp/model/api/artifacts'
import { type ClusterView, deployments } from '@vamp/model/api/deployments'
import { Link, useParams } from 'react-router'
import { useLive } from '../look.ts'
import { type ClusterPlace, path } from '../path.ts'
import { vamp } from '../server.ts'
import { artifactList, deployment, releaseStatuses } from '../sources.ts'
import { fieldText } from '../ui/artifact-list.tsx'
import { PhaseBadge } from '../ui/badge.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { LiveTraffic } from '../ui/live-traffic.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { Split } from '../ui/split.tsx'
import { Versions } from '../ui/versions.tsx'

export default function Cluster() {
  const { name = '', cluster = '' } = useParams()
  const found = useLive(deployment(name))
  const place = { deployment: name, cluster }
  return (
    <Page title={cluster} crumbs={[{ name: 'Deployments', to: path.deployments() }, { name, to: path.deployment(name) }]} actions={<ButtonLink to={path.newRelease(place)} kind="main">Release a new version</ButtonLink>}>
      <Shown of={found}>{({ clusters }) => {
        const content = clusters[cluster]
        return content === undefined ? <p className="empty">There is no cluster {cluster} in {name} any more.</p> : <Content place={place} content={content} />
      }}</Shown>
    </Page>
  )
}

function Content({ place, content }: { readonly place: ClusterPlace; readonly content: ClusterView }) {
  const { deployment: name, cluster } = place
  return (
    <>
      <Card title="Versions"><Versions {...place} content={content} /></Card>
      <LiveTraffic of={place} />
      <div className="columns">
        <Card title="Gateways">
          <Facts of={Object.entries(content.gateways).map(([port, { routes }]) => [`port ${port}`, <span key={port} className="line"><Link to={path.gateway(`${name}/${cluster}/${port}`)}>{name}/{cluster}/{port}</Link><Split shares={weightsOf(routes)} /></span>])} />
          {Object.keys(content.gateways).length === 0 && <p className="empty">It has no port.</p>}
        </Card>
        <Card title="What keeps it right"><Keepers place={place} /></Card>
      </div>
      <Releases place={place} />
    </>
  )
}

function weightsOf(routes: unknown): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(routes as Readonly<Record<string, { readonly weight?: unknown }>> | undefined ?? {}).map(([route, { weight }]) => [route, Number.parseFloat(String(weight ?? 0)) || 0]))
}

/** The promise and the autoscalers of the cluster. */
function Keepers({ place }: { readonly place: ClusterPlace }) {
  const sla = useLive<ArtifactJson | undefined>({
    key: `sla ${place.deployment}/${place.cluster}`, everyMs: 10_000,
    load: async signal => {
      try {
        return (await vamp().call(deployments.getSla, { path: place }, signal)).data
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }
    },
  })
  const autoscalers = useLive(artifactList('autoscalers'))
  const own = autoscalers.is === 'here' ? autoscalers.value.filter(each => each['deployment'] === place.deployment && each['cluster'] === place.cluster) : []
  const promise = sla.is === 'here' ? sla.value : undefined
  if (promise === undefined && own.length === 0) return <p className="empty">Nothing: its size changes when somebody changes it. <Link to={path.newArtifact('autoscalers')}>Write an autoscaler.</Link></p>
  return (
    <Facts of={[
      ['promise', promise && (promise.name ? <Link to={path.artifact('slas', promise.name)}>{promise.name}</Link> : fieldText(promise['type']))],
      ...own.map(each => ['autoscaler', <Link key={each.name} to={path.autoscaler(each.name)}>{each.name}: {fieldText(each['minimum'])} to {fieldText(each['maximum'])} instances</Link>] as const),
    ]} />
  )
}

function Releases({ place: { deployment: name, cluster } }: { readonly place: ClusterPlace }) {
  const statuses = useLive(releaseStatuses())
  const own = statuses.is === 'here' ? statuses.value.filter(each => each.deployment === name && each.cluster === cluster) : []
  if (own.length === 0) return null
  return <Card title="Releases"><ul className="under-way">{own.map(({ name: release, phase, sentence }) => <li key={release}><div className="line"><Link className="name" to={path.release(release)}>{release}</Link><PhaseBadge phase={phase} /></div><p>{sentence}</p></li>)}</ul></Card>
}
