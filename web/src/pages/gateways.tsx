import { Link } from 'react-router'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { allGateways } from '../sources.ts'
import { Badge } from '../ui/badge.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { Split } from '../ui/split.tsx'
import { Table } from '../ui/table.tsx'

export default function Gateways() {
  const gateways = useLive(allGateways())
  return (
    <Page title="Gateways" actions={<ButtonLink to={path.newArtifact('gateways')}>New gateway</ButtonLink>}>
      <Shown of={gateways}>{all => (
        <Table label="Gateways" rows={all} keyOf={({ name }) => name} empty="There is no gateway; a deployment makes one for each port of its clusters." columns={[
          { title: 'name', cell: ({ name }) => <Link to={path.gateway(name)}>{name}</Link> },
          { title: 'state', cell: ({ deployed, state }) => state.problem !== undefined ? <Badge tone="bad">{state.problem}</Badge> : deployed ? <Badge tone="good">in force</Badge> : <Badge tone="busy">on its way</Badge> },
          { title: 'port', numeric: true, cell: ({ port }) => port },
          { title: 'requests', numeric: true, cell: ({ state }) => `${(state.requests / state.seconds).toFixed(1)} /s` },
          { title: 'ways out', wide: true, cell: ({ state }) => <Split shares={state.desired} /> },
          { title: 'belongs to', wide: true, cell: ({ name }) => name.includes('/') ? <Link to={path.deployment(name.split('/')[0] ?? '')}>{name.split('/')[0]}</Link> : <span className="dim">no deployment</span> },
        ]} />
      )}</Shown>
    </Page>
  )
}
