import { type ClusterView, type DeploymentView, deployments } from '@vamp/model/api/deployments'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { allGateways, deployment, routeTraffic } from '../sources.ts'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { LiveTraffic } from '../ui/live-traffic.tsx'
import { Card, Page } from '../ui/page.tsx'
import { Refusal, Shown } from '../ui/shown.tsx'
import { useToast } from '../ui/toast.tsx'
import { TopologyView } from '../ui/topology.tsx'
import { Versions } from '../ui/versions.tsx'

export default function Deployment() {
  const { name = '' } = useParams()
  const found = useLive(deployment(name))
  // Asked for at the same time, not one after the other: the picture needs all of them.
  useLive(allGateways())
  useLive(routeTraffic())
  const [leaving, setLeaving] = useState(false)
  return (
    <Page title={name} crumbs={[{ name: 'Deployments', to: path.deployments() }]}
      actions={found.is === 'here' && <><ButtonLink to={path.events({ tag: `deployments:${name}` })}>Events</ButtonLink><ExportButton name={name} /><Button kind="danger" onClick={() => setLeaving(true)}>Undeploy</Button></>}>
      <Shown of={found}>{view => (
        <>
          <TopologyView deployments={[view]} />
          <LiveTraffic of={{ deployment: name }} />
          {Object.keys(view.clusters).length === 0 && <p className="empty">Nothing of it is left.</p>}
          {Object.entries(view.clusters).map(([cluster, content]) => <Cluster key={cluster} deployment={view} cluster={cluster} content={content} />)}
        </>
      )}</Shown>
      {leaving && <UndeployDialog name={name} onClose={() => setLeaving(false)} />}
    </Page>
  )
}

function Cluster({ deployment: { name }, cluster, content }: { readonly deployment: DeploymentView; readonly cluster: string; readonly content: ClusterView }) {
  const place = { deployment: name, cluster }
  return (
    <Card title={cluster} aside={<span className="actions"><ButtonLink to={path.cluster(place)}>Open</ButtonLink><ButtonLink to={path.newRelease(place)}>Release a new version</ButtonLink></span>}>
      <p className="line">{Object.keys(content.gateways).map(port => <span key={port} className="dim">port {port}: <Link to={path.gateway(`${name}/${cluster}/${port}`)}>gateway {name}/{cluster}/{port}</Link></span>)}</p>
      <Versions {...place} content={content} />
    </Card>
  )
}

/** As a blueprint that can be deployed again. */
function ExportButton({ name }: { readonly name: string }) {
  const tell = useToast()
  const save = async () => {
    try {
      const text = await vamp().yaml(deployments.get, { path: { deployment: name }, query: { as_blueprint: true } })
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob([text], { type: 'application/x-yaml' }))
      link.download = `${name}.yml`
      link.click()
      URL.revokeObjectURL(link.href)
    } catch (error) {
      tell('bad', `It could not be written: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return <Button onClick={() => { void save() }}>Save as blueprint</Button>
}

function UndeployDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const [error, setError] = useState<unknown>()
  const tell = useToast()
  const go = useNavigate()
  const act = async () => {
    try {
      await vamp().call(deployments.delete, { path: { deployment: name }, query: { all: true } })
      tell('good', `${name} is being taken away`)
      go(path.deployments())
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <Dialog title={`Undeploy ${name}?`} action="Undeploy" danger onAct={() => { void act() }} onClose={onClose}>
      <p>Every service of {name} finishes the requests it has begun and is stopped; its gateways go with it. The blueprint stays.</p>
      {error !== undefined && <Refusal error={error} />}
    </Dialog>
  )
}
