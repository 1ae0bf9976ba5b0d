import type { DeploymentView } from '@vamp/model/api/deployments'
import { Link, useSearchParams } from 'react-router'
import { useLive } from '../look.ts'
import { errorText, ofVersion, rateText } from '../measured.ts'
import { path } from '../path.ts'
import { allDeployments, routeTraffic } from '../sources.ts'
import { readyText } from '../topology.ts'
import { serviceName } from '../troubles.ts'
import { ServiceBadge } from '../ui/badge.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'
import { TopologyView } from '../ui/topology.tsx'

export default function Deployments() {
  const deployments = useLive(allDeployments())
  const [query] = useSearchParams()
  const graph = query.get('view') === 'graph'
  return (
    <Page title="Deployments" actions={<><ButtonLink to={graph ? path.deployments() : path.deploymentGraph()}>{graph ? 'As a table' : 'As a graph'}</ButtonLink><ButtonLink to={path.newArtifact('blueprints')} kind="main">Deploy a blueprint</ButtonLink></>}>
      <Shown of={deployments}>{all => graph && all.length > 0 ? <TopologyView deployments={all} /> : <Services all={all} />}</Shown>
    </Page>
  )
}

function Services({ all }: { readonly all: readonly DeploymentView[] }) {
  const traffic = useLive(routeTraffic())
  const groups = traffic.is === 'here' ? traffic.value : []
  const rows = all.flatMap(({ name: deployment, clusters }) => Object.entries(clusters).flatMap(([cluster, { services }]) => services.map(service => {
    const place = { deployment, cluster, service: serviceName(service) }
    return { place, service, numbers: ofVersion(groups, place) }
  })))
  return (
    <Table label="Services of all deployments" empty="Nothing is deployed yet." keyOf={({ place }) => path.service(place)} rows={rows} columns={[
      { title: 'deployment', cell: ({ place: { deployment } }) => <Link to={path.deployment(deployment)}>{deployment}</Link> },
      { title: 'cluster', wide: true, cell: ({ place }) => <Link to={path.cluster(place)}>{place.cluster}</Link> },
      { title: 'version', cell: ({ place }) => <Link to={path.service(place)}>{place.service}</Link> },
      { title: 'state', cell: ({ service }) => <ServiceBadge service={service} /> },
      { title: 'instances', numeric: true, cell: ({ service }) => readyText(service) },
      { title: 'requests', numeric: true, cell: ({ numbers }) => rateText(numbers) },
      { title: 'errors', numeric: true, wide: true, cell: ({ numbers }) => errorText(numbers) },
    ]} />
  )
}
