import type { Finding, MetricEvidence } from '@vamp/model/release-status'
import { measured, metricName, noiseText, odds, type Tone } from '../words.ts'
import { Badge } from './badge.tsx'
import { RatioBand } from './ratio-band.tsx'
import { Table } from './table.tsx'

const TONES: Readonly<Record<Finding, Tone>> = { better: 'good', 'not worse': 'good', worse: 'bad', undecided: 'calm' }

export function EvidenceTable({ evidence, from, to }: { readonly evidence: readonly MetricEvidence[]; readonly from: string; readonly to: string }) {
  return (
    <Table label="Evidence by metric" rows={evidence} keyOf={({ metric }) => metric} empty="There is no evidence yet." columns={[
      { title: 'metric', cell: ({ metric }) => <b>{metricName(metric)}</b> },
      { title: 'finding', cell: ({ finding }) => <Badge tone={TONES[finding]}>{finding}</Badge> },
      { title: from, numeric: true, cell: ({ metric, baseline }) => measured(metric, baseline) },
      { title: to, numeric: true, cell: ({ metric, canary }) => measured(metric, canary) },
      { title: 'harm', numeric: true, cell: ({ harm }) => odds(harm) },
      { title: 'safety', numeric: true, wide: true, cell: ({ safety }) => odds(safety) },
      { title: 'noise', numeric: true, wide: true, cell: ({ noise }) => noiseText(noise) },
      { title: 'times as likely', wide: true, cell: ({ odds: band }) => band && <RatioBand {...band} /> },
      { title: 'in words', wide: true, cell: ({ sentence }) => sentence },
    ]} />
  )
}
