import { Link } from 'react-router'
import { useNow } from '../live.ts'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { releaseStatuses } from '../sources.ts'
import { PhaseBadge } from '../ui/badge.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'
import { odds, percent, since } from '../words.ts'

export default function Releases() {
  const statuses = useLive(releaseStatuses())
  const now = useNow()
  return (
    <Page title="Releases" actions={<ButtonLink to={path.newRelease()} kind="main">Start a release</ButtonLink>}>
      <Shown of={statuses}>{rows => (
        <Table label="Releases" rows={rows} keyOf={({ name }) => name} empty="Nothing was released yet." columns={[
          { title: 'name', cell: ({ name }) => <Link to={path.release(name)}>{name}</Link> },
          { title: 'state', cell: ({ phase }) => <PhaseBadge phase={phase} /> },
          { title: 'where', wide: true, cell: ({ deployment, cluster }) => <Link to={path.deployment(deployment)}>{deployment}/{cluster}</Link> },
          { title: 'from → to', wide: true, cell: ({ from, to }) => `${from || '?'} → ${to}` },
          { title: 'traffic', numeric: true, cell: ({ weight }) => percent(weight) },
          { title: 'harm', numeric: true, cell: ({ harm }) => odds(harm) },
          { title: 'for', numeric: true, cell: ({ since: from }) => since(from, now) },
          { title: 'why', wide: true, cell: ({ sentence }) => sentence },
        ]} />
      )}</Shown>
    </Page>
  )
}
