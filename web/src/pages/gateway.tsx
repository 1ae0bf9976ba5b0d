import type { GatewayView } from '@vamp/model/api/gateways'
import { useEffect, useState } from 'react'
import { Link, useParams } from 'react-router'
import { differs, editOf, type GatewayEdit } from '../gateway-edit.ts'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { gateway, type KnownGateway, releaseStatuses } from '../sources.ts'
import { Badge } from '../ui/badge.tsx'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { GatewayForm } from '../ui/gateway-form.tsx'
import { GatewayPreview } from '../ui/gateway-preview.tsx'
import { LiveTraffic } from '../ui/live-traffic.tsx'
import { Card, Page } from '../ui/page.tsx'
import { RequestTester } from '../ui/request-tester.tsx'
import { Shown } from '../ui/shown.tsx'
import { routeName } from '../ui/split.tsx'
import { Table } from '../ui/table.tsx'
import { percent, PHASES } from '../words.ts'

export default function Gateway() {
  const { '*': name = '' } = useParams()
  const found = useLive(gateway(name))
  return (
    <Page title={name} crumbs={[{ name: 'Gateways', to: path.gateways() }]} actions={<ButtonLink to={path.events({ tag: `gateways:${name}` })}>Events</ButtonLink>}>
      <Shown of={found}>{known => <><State view={known.view} /><UnderRelease view={known.view} /><Editor key={name} known={known} onSaved={found.again} /><RequestTester gateway={name} /><LiveTraffic of={{ gateway: name }} /></>}</Shown>
    </Page>
  )
}

function State({ view: { name, port, state, deployed, internal, virtual_hosts: hosts } }: { readonly view: GatewayView }) {
  const paths = [...new Set([...Object.keys(state.desired), ...Object.keys(state.observed)])]
  return (
    <Card title="What is in force" aside={deployed ? <Badge tone="good">in force on every proxy</Badge> : <Badge tone="busy">on its way</Badge>}>
      {state.problem !== undefined && <p role="alert" className="refusal">{state.problem}</p>}
      <Facts of={[
        ['port', port], ['requests', `${(state.requests / state.seconds).toFixed(1)} /s`], ['virtual hosts', Array.isArray(hosts) && hosts.join(', ')],
        ['belongs to', internal && <Link to={path.deployment(name.split('/')[0] ?? '')}>{name.split('/').slice(0, 2).join('/')}</Link>],
      ]} />
      <Table label="Shares of the routes" rows={paths} keyOf={route => route} empty="It has no route." columns={[
        { title: 'route', cell: route => <><b>{routeName(route)}</b>{routeName(route) !== route && <div className="dim wide">{route}</div>}</> },
        { title: 'ordered', numeric: true, cell: route => percent(state.desired[route] ?? 0) },
        { title: 'confirmed by every proxy', numeric: true, cell: route => percent(state.acknowledged[route] ?? 0) },
        { title: `seen in the last ${state.seconds} s`, numeric: true, cell: route => state.requests === 0 ? 'no requests' : percent(state.observed[route] ?? 0) },
      ]} />
    </Card>
  )
}

/** A release moves these weights itself; changing them here is undone by its next step. */
function UnderRelease({ view: { name, internal } }: { readonly view: GatewayView }) {
  const statuses = useLive(releaseStatuses())
  const [deployment, cluster] = name.split('/')
  const release = internal && statuses.is === 'here' ? statuses.value.find(each => each.deployment === deployment && each.cluster === cluster && !PHASES[each.phase].over) : undefined
  return release ? <p className="stale" role="status">The release <Link to={path.release(release.name)}>{release.name}</Link> moves these weights. Steer it there.</p> : null
}

/** What is being changed stays while the gateway is looked at again; without changes it follows. */
function Editor({ known: { view, etag }, onSaved }: { readonly known: KnownGateway; readonly onSaved: () => void }) {
  const [base, setBase] = useState({ edit: editOf(view), etag })
  const [edit, setEdit] = useState<GatewayEdit>(base.edit)
  const [previewing, setPreviewing] = useState(false)
  const changed = differs(base.edit, edit)
  useEffect(() => {
    if (changed || etag === base.etag) return
    const fresh = editOf(view)
    setBase({ edit: fresh, etag })
    setEdit(fresh)
  }, [changed, etag, base.etag, view])
  const reset = () => { const fresh = editOf(view); setBase({ edit: fresh, etag }); setEdit(fresh) }
  return (
    <Card title="Change it" aside={changed && etag !== base.etag && <Badge tone="warn">somebody else changed it meanwhile</Badge>}>
      <GatewayForm edit={edit} onEdit={setEdit} />
      <div className="actions">
        <Button kind="main" disabled={!changed} onClick={() => setPreviewing(true)}>See what will happen</Button>
        <Button disabled={!changed} onClick={reset}>Undo</Button>
      </div>
      {previewing && <GatewayPreview view={view} etag={base.etag} before={base.edit} after={edit} onClose={() => setPreviewing(false)} onSaved={fresh => { setBase({ edit: editOf(fresh.view), etag: fresh.etag }); setEdit(editOf(fresh.view)); onSaved() }} />}
    </Card>
  )
}
