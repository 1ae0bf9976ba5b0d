import { path } from '../path.ts'
import { ArtifactList, fieldText } from '../ui/artifact-list.tsx'
import { Badge } from '../ui/badge.tsx'
import { scheduleWords, type Tone } from '../words.ts'

export default function Workflows() {
  return (
    <ArtifactList kind="workflows" title="Workflows" to={path.workflow} fresh={path.newWorkflow()} about="Small scripts that automate the rest: they run always, at times, or when something happens." columns={[
      { title: 'state', cell: ({ status }) => <WorkflowBadge status={fieldText(status)} /> },
      { title: 'runs', cell: ({ schedule }) => scheduleWords(schedule) },
      { title: 'what', wide: true, cell: ({ breed }) => fieldText(breed) },
    ]} />
  )
}

const TONES: Readonly<Record<string, Tone>> = { running: 'good', starting: 'busy', restarting: 'busy', stopping: 'busy', suspending: 'busy', suspended: 'calm' }

export function WorkflowBadge({ status }: { readonly status: string }) {
  return <Badge tone={TONES[status] ?? 'calm'}>{status || 'unknown'}</Badge>
}
