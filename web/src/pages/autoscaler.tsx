import { useParams } from 'react-router'
import { useLive } from '../live.ts'
import { path } from '../path.ts'
import { artifact } from '../sources.ts'
import { fieldText } from '../ui/artifact-list.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { signalsOf } from './autoscalers.tsx'

export default function Autoscaler() {
  const { name = '' } = useParams()
  const found = useLive(artifact('autoscalers', name))
  return (
    <Page title={name} crumbs={[{ name: 'Autoscalers', to: path.autoscalers() }]} actions={<><ButtonLink to={path.events({ tag: `autoscalers:${name}` })}>Events</ButtonLink><ButtonLink to={path.artifact('autoscalers', name)}>Change it</ButtonLink></>}>
      <Shown of={found}>{autoscaler => (
        <Card title="What it is told">
          <Facts of={[
            ['keeps', [autoscaler['deployment'], autoscaler['cluster'], autoscaler['service']].filter(Boolean).join('/')],
            ['instances', `${fieldText(autoscaler['minimum'])} to ${fieldText(autoscaler['maximum'])}`], ['by', signalsOf(autoscaler)], ['objective', fieldText(autoscaler['slo'])],
            ['prediction', fieldText(autoscaler['prediction'])], ['priority', fieldText(autoscaler['priority'])], ['mode', fieldText(autoscaler['mode'])],
          ]} />
        </Card>
      )}</Shown>
    </Page>
  )
}
