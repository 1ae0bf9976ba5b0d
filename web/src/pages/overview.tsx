import type { DeploymentView } from '@vamp/model/api/deployments'
import type { ReleaseView } from '@vamp/model/api/releases'
import { Link } from 'react-router'
import { useNow } from '../live.ts'
import { useLive } from '../look.ts'
import { ofVersion, rateText } from '../measured.ts'
import { path } from '../path.ts'
import { allDeployments, allGateways, releaseStatuses, routeTraffic } from '../sources.ts'
import { serviceName, troublesOf } from '../troubles.ts'
import { Badge, PhaseBadge, ServiceBadge } from '../ui/badge.tsx'
import { Bar } from '../ui/bar.tsx'
import { ButtonLink } from '../ui/button.tsx'
import { LiveTraffic } from '../ui/live-traffic.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { odds, percent, PHASES, since } from '../words.ts'

/** Releases that are over are shown here for so long. */
const RECENT_MS = 60 * 60 * 1000

export default function Overview() {
  const deployments = useLive(allDeployments())
  const gateways = useLive(allGateways())
  const releases = useLive(releaseStatuses())
  const now = useNow()
  const troubles = troublesOf(deployments.is === 'here' ? deployments.value : [], gateways.is === 'here' ? gateways.value : [])
  return (
    <Page title="Overview" actions={<ButtonLink to={path.newRelease()} kind="main">Start a release</ButtonLink>}>
      {troubles.length > 0 && (
        <Card title="What hurts now">
          <ul className="troubles">{troubles.map(({ what, why, to }) => <li key={what + why}><Badge tone="bad"><Link to={to}>{what}</Link></Badge> {why}</li>)}</ul>
        </Card>
      )}
      <Card title="Released now" aside={<Link to={path.releases()}>all releases</Link>}>
        <Shown of={releases}>{all => <UnderWay releases={all.filter(({ phase, since: from }) => !PHASES[phase].over || now - Date.parse(from) < RECENT_MS)} now={now} />}</Shown>
      </Card>
      <LiveTraffic of={{}} title="What all visitors get" />
      <Card title="What runs" aside={<Link to={path.deployments()}>all deployments</Link>}>
        <Shown of={deployments}>{all => all.length === 0
          ? <div className="empty">Nothing is deployed yet. <Link to={path.newArtifact('blueprints')}>Write a blueprint</Link>, or begin on the command line with <code>vamp init</code>.</div>
          : <ul className="tiles">{all.map(each => <DeploymentTile key={each.name} deployment={each} />)}</ul>}
        </Shown>
      </Card>
      {troubles.length === 0 && deployments.is === 'here' && deployments.value.length > 0 && gateways.is === 'here' && <p className="quiet"><Badge tone="good">Nothing hurts: every service and gateway is as it should be.</Badge></p>}
    </Page>
  )
}

function UnderWay({ releases, now }: { readonly releases: readonly ReleaseView[]; readonly now: number }) {
  if (releases.length === 0) return <div className="empty">No release is under way.</div>
  return (
    <ul className="under-way">
      {releases.map(release => (
        <li key={release.name}>
          <div className="line"><Link to={path.release(release.name)} className="name">{release.name}</Link><PhaseBadge phase={release.phase} /><span className="dim">{since(release.since, now)}</span></div>
          <p className="sentence">{release.sentence}</p>
          <Bar label={`${release.from || '?'} → ${release.to}`} part={release.weight} whole={100} text={`${percent(release.weight)}, harm ${odds(release.harm)}`} />
        </li>
      ))}
    </ul>
  )
}

function DeploymentTile({ deployment: { name, clusters } }: { readonly deployment: DeploymentView }) {
  const traffic = useLive(routeTraffic())
  const groups = traffic.is === 'here' ? traffic.value : []
  return (
    <li className="tile">
      <Link to={path.deployment(name)} className="name">{name}</Link>
      {Object.entries(clusters).flatMap(([cluster, { services }]) => services.map(service => {
        const ready = service.instances.filter(({ state }) => state === 'ready').length
        return (
          <Link key={`${cluster} ${serviceName(service)}`} className="running" to={path.service({ deployment: name, cluster, service: serviceName(service) })}>
            <ServiceBadge service={service} />
            <b>{serviceName(service)}</b>
            <span className="number">{ready} of {service.scale.instances} ready</span>
            <span className="number">{rateText(ofVersion(groups, { deployment: name, cluster, service: serviceName(service) }))}</span>
          </Link>
        )
      }))}
    </li>
  )
}
