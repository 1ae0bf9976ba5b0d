import { useParams } from 'react-router'
import { useLive } from '../live.ts'
import { path } from '../path.ts'
import { artifact } from '../sources.ts'
import { fieldText } from '../ui/artifact-list.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { WorkflowBadge } from './workflows.tsx'

export default function Workflow() {
  const { name = '' } = useParams()
  const found = useLive(artifact('workflows', name))
  return (
    <Page title={name} crumbs={[{ name: 'Workflows', to: path.workflows() }]} actions={<><ButtonLink to={path.events({ tag: `workflows:${name}` })}>Events</ButtonLink><ButtonLink to={path.artifact('workflows', name)}>Change it</ButtonLink></>}>
      <Shown of={found}>{workflow => (
        <Card title="What it is told" aside={<WorkflowBadge status={fieldText(workflow['status'])} />}>
          <Facts of={[['runs', fieldText(workflow['schedule'])], ['what', fieldText(workflow['breed'])]]} />
        </Card>
      )}</Shown>
    </Page>
  )
}
