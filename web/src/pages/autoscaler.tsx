import type { AutoscalerStatus, ScalingPoint, ServiceScaling } from '@vamp/model/autoscaler-status'
import { useParams } from 'react-router'
import { TimeChart } from '../chart/time-chart.tsx'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { artifact, autoscalerPoints, autoscalerStatus } from '../sources.ts'
import { fieldText } from '../ui/artifact-list.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'
import { signalsOf } from './autoscalers.tsx'

export default function Autoscaler() {
  const { name = '' } = useParams()
  const found = useLive(artifact('autoscalers', name))
  const status = useLive(autoscalerStatus(name))
  const points = useLive(autoscalerPoints(name))
  return (
    <Page title={name} crumbs={[{ name: 'Autoscalers', to: path.autoscalers() }]} actions={<><ButtonLink to={path.events({ tag: `autoscalers:${name}` })}>Events</ButtonLink><ButtonLink to={path.artifact('autoscalers', name)}>Change it</ButtonLink></>}>
      <Shown of={status}>{told => <Told status={told} points={points.is === 'here' ? points.value : []} />}</Shown>
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

function Told({ status, points }: { readonly status: AutoscalerStatus; readonly points: readonly { readonly service: string; readonly points: readonly ScalingPoint[] }[] }) {
  if (status.problem !== undefined) return <Card title="It scales nothing"><p>{status.problem}</p></Card>
  if (status.services.length === 0) return <p className="empty">There is no version to scale yet.</p>
  return <>{status.services.map(service => <Version key={service.service} scaling={service} shadow={status.mode === 'shadow'} points={points.find(each => each.service === service.service)?.points ?? []} />)}</>
}

function Version({ scaling, shadow, points }: { readonly scaling: ServiceScaling; readonly shadow: boolean; readonly points: readonly ScalingPoint[] }) {
  const { service, sentence, signals, forecast, ready, granted, wanted, minimum, maximum, start_up: startUp } = scaling
  const unit = signals[0]?.unit ?? ''
  const times = points.map(({ at }) => at * 1000)
  const whole = (value: number) => String(Math.round(value))
  return (
    <Card title={service}>
      <p><strong>{sentence}</strong>{shadow && ' In shadow: nothing is ordered.'}</p>
      <Facts of={[['ready', ready], ['ordered', granted], ['wanted', wanted], ['between', `${minimum} and ${maximum}`], ['starts in', startUp === undefined ? undefined : `${startUp} s`]]} />
      <TimeChart label={`Instances over time: wanted ${wanted}, ordered ${granted}, ready ${ready}.`} times={times} axis={whole} least={Math.max(2, maximum > 20 ? 4 : maximum)} lines={[
        { label: 'wanted', colour: '--warn', dashed: true, stepped: true, values: points.map(point => point.wanted), text: whole },
        { label: 'ordered', colour: '--canary', stepped: true, values: points.map(point => point.granted), text: whole },
        { label: 'ready', colour: '--good', stepped: true, thin: true, values: points.map(point => point.ready), text: whole },
      ]} />
      <TimeChart label={`Signal over time, now ${signals[0]?.value ?? 'unknown'} ${unit}.`} times={times} axis={whole} height={140} lines={[
        { label: unit || 'signal', colour: '--baseline', values: points.map(point => point.signal), text: value => `${value} ${unit}` },
        { label: 'target of all that were ready', colour: '--dim', dashed: true, stepped: true, values: points.map(point => point.target === null ? null : unit === 'ms' || unit === '%' ? point.target : point.target * Math.max(point.ready, 0)), text: whole },
        ...(points.some(point => point.forecast !== null) ? [{ label: 'expected', colour: '--warn', dashed: true, values: points.map(point => point.forecast), text: whole }] : []),
      ]} />
      <Table label="Signals" rows={signals} keyOf={({ signal }) => signal} empty="It follows schedules only." columns={[
        { title: 'signal', cell: ({ signal }) => signal }, { title: 'value', numeric: true, cell: ({ value, unit: of }) => value === null ? 'unknown' : `${value} ${of}` },
        { title: 'target', numeric: true, cell: ({ target }) => target ?? '–' }, { title: 'wants', numeric: true, cell: each => each.wanted ?? '–' },
      ]} />
      {forecast && <p className="help">{forecast.sentence} {forecast.expected} requests/s are expected when an instance that is ordered now serves, {forecast.upper} with head-room.</p>}
    </Card>
  )
}
