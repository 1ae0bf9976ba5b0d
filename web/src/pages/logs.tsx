import { useParams } from 'react-router'
import { path } from '../path.ts'
import { LogView } from '../ui/log-view.tsx'
import { Page } from '../ui/page.tsx'

export default function Logs() {
  const { name = '', cluster = '', service = '' } = useParams()
  const place = { deployment: name, cluster, service }
  return (
    <Page title={`Logs of ${service}`} crumbs={[{ name: 'Deployments', to: path.deployments() }, { name, to: path.deployment(name) }, { name: cluster, to: path.cluster(place) }, { name: service, to: path.service(place) }]}>
      <LogView {...place} />
    </Page>
  )
}
