import { Link } from 'react-router'
import { useLive } from '../live.ts'
import { path } from '../path.ts'
import { allDeployments } from '../sources.ts'
import { serviceName } from '../troubles.ts'
import { ServiceBadge } from '../ui/badge.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'

export default function Deployments() {
  const deployments = useLive(allDeployments())
  return (
    <Page title="Deployments" actions={<ButtonLink to={path.newArtifact('blueprints')}>Deploy a blueprint</ButtonLink>}>
      <Shown of={deployments}>{all => (
        <Table label="Services of all deployments" empty="Nothing is deployed yet." keyOf={row => row.key}
          rows={all.flatMap(({ name, clusters }) => Object.entries(clusters).flatMap(([cluster, { services }]) => services.map(service => ({ key: `${name}/${cluster}/${serviceName(service)}`, name, cluster, service }))))}
          columns={[
            { title: 'deployment', cell: ({ name }) => <Link to={path.deployment(name)}>{name}</Link> },
            { title: 'cluster', cell: ({ cluster }) => cluster },
            { title: 'version', cell: ({ service }) => <b>{serviceName(service)}</b> },
            { title: 'state', cell: ({ service }) => <ServiceBadge service={service} /> },
            { title: 'instances', numeric: true, cell: ({ service }) => `${service.instances.filter(({ state }) => state === 'ready').length} of ${service.scale.instances}` },
          ]} />
      )}</Shown>
    </Page>
  )
}
