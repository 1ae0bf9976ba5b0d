import type { ClusterView } from '@vamp/model/api/deployments'
import { Link } from 'react-router'
import { useLive } from '../look.ts'
import { errorText, latencyText, ofVersion, rateText } from '../measured.ts'
import { path } from '../path.ts'
import { routeTraffic } from '../sources.ts'
import { readyText } from '../topology.ts'
import { serviceName } from '../troubles.ts'
import { ServiceBadge } from './badge.tsx'
import { Table } from './table.tsx'

/** The versions of a cluster side by side, with what each got in the last seconds. */
export function Versions({ deployment, cluster, content }: { readonly deployment: string; readonly cluster: string; readonly content: ClusterView }) {
  const traffic = useLive(routeTraffic())
  const groups = traffic.is === 'here' ? traffic.value : []
  const rows = content.services.map(service => ({ service, name: serviceName(service), numbers: ofVersion(groups, { deployment, cluster, service: serviceName(service) }) }))
  return (
    <Table label={`Versions of ${cluster}`} rows={rows} keyOf={({ name }) => name} empty="No version runs." columns={[
      { title: 'version', cell: ({ name }) => <Link to={path.service({ deployment, cluster, service: name })}>{name}</Link> },
      { title: 'state', cell: ({ service }) => <ServiceBadge service={service} /> },
      { title: 'instances', numeric: true, cell: ({ service }) => readyText(service) },
      { title: 'ordered', numeric: true, cell: ({ name }) => sharesOf(content, name) || '–' },
      { title: 'requests', numeric: true, cell: ({ numbers }) => rateText(numbers) },
      { title: 'errors', numeric: true, cell: ({ numbers }) => errorText(numbers) },
      { title: 'p50', numeric: true, wide: true, cell: ({ numbers }) => latencyText(numbers, 'p50') },
      { title: 'p95', numeric: true, wide: true, cell: ({ numbers }) => latencyText(numbers, 'p95') },
      { title: 'p99', numeric: true, wide: true, cell: ({ numbers }) => latencyText(numbers, 'p99') },
      { title: 'why', wide: true, cell: ({ service }) => service.status.phase.notification },
    ]} />
  )
}

/** `25%`, or `http 25%, admin 100%` where there are several ports. */
export function sharesOf({ gateways }: ClusterView, service: string): string {
  return Object.entries(gateways).flatMap(([port, { routes }]) => {
    const route = (routes as Readonly<Record<string, { readonly weight?: unknown }>> | undefined)?.[service]
    return typeof route?.weight === 'string' ? [Object.keys(gateways).length > 1 ? `${port} ${route.weight}` : route.weight] : []
  }).join(', ')
}
