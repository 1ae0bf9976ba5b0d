import { path } from '../path.ts'
import { ArtifactList, fieldText } from '../ui/artifact-list.tsx'
import { Link } from 'react-router'

export default function Scales() {
  return (
    <ArtifactList kind="scales" title="Scales" about={<>Sizes under a name, for services to refer to. The size of what runs is changed at its <Link to={path.deployments()}>deployment</Link>, or by an <Link to={path.autoscalers()}>autoscaler</Link>.</>} columns={[
      { title: 'cores of each', numeric: true, cell: ({ cpu }) => fieldText(cpu) },
      { title: 'memory of each', numeric: true, cell: ({ memory }) => fieldText(memory) },
      { title: 'instances', numeric: true, cell: ({ instances }) => fieldText(instances) },
    ]} />
  )
}
