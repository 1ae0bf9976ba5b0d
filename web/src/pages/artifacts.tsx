import { type ArtifactJson, STATIC_KINDS, staticArtifacts } from '@vamp/model/api/artifacts'
import { gateways } from '@vamp/model/api/gateways'
import { releases } from '@vamp/model/api/releases'
import { workflows } from '@vamp/model/api/workflows'
import { singular } from '@vamp/model/kind'
import { Link, NavLink, useParams, useSearchParams } from 'react-router'
import { useLive } from '../live.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { templateOf } from '../templates.ts'
import { ButtonLink } from '../ui/button.tsx'
import { DocumentEditor } from '../ui/document-editor.tsx'
import { Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'

/** Kinds that are written here; deployments come from blueprints. */
export const EDITED_KINDS = [...STATIC_KINDS, 'gateways', 'workflows', 'releases'] as const
export type EditedKind = (typeof EDITED_KINDS)[number]

export const editedKind = (word: string | undefined): EditedKind => EDITED_KINDS.find(kind => kind === word) ?? 'blueprints'

function allOf(kind: EditedKind, signal: AbortSignal): Promise<readonly ArtifactJson[]> {
  if (kind === 'gateways') return vamp().all(gateways.list, {}, signal)
  if (kind === 'workflows') return vamp().all(workflows.list, {}, signal)
  return kind === 'releases' ? vamp().all(releases.list, {}, signal) : vamp().all(staticArtifacts[kind].list, {}, signal)
}

export default function Artifacts() {
  const kind = editedKind(useParams()['kind'])
  const [query] = useSearchParams()
  return (
    <Page title={query.has('new') ? `New ${singular(kind)}` : 'Artifacts'} actions={!query.has('new') && <ButtonLink to={path.newArtifact(kind)} kind="main">New {singular(kind)}</ButtonLink>}>
      {query.has('new') ? <DocumentEditor key={kind} text={templateOf(kind)} fresh /> : <List kind={kind} />}
    </Page>
  )
}

function List({ kind }: { readonly kind: EditedKind }) {
  const list = useLive({ key: `artifacts ${kind}`, everyMs: 5000, load: signal => allOf(kind, signal), wakes: ({ tags }) => tags.includes(kind) })
  return (
    <>
      <nav className="kinds" aria-label="Kinds">{EDITED_KINDS.map(each => <NavLink key={each} to={path.artifacts(each)} className={each === kind ? 'active' : ''}>{each}</NavLink>)}</nav>
      <Shown of={list}>{rows => (
        <Table label={kind} rows={rows} keyOf={({ name }) => name} empty={`There is no ${singular(kind)} yet.`} columns={[
          { title: 'name', cell: ({ name }) => <Link to={path.artifact(kind, name)}>{name}</Link> },
          { title: 'what', cell: artifact => summary(artifact) },
        ]} />
      )}</Shown>
    </>
  )
}

/** The little that tells one from another. */
function summary(artifact: ArtifactJson): string {
  const { deployable, clusters, condition, deployment, to } = artifact
  if (typeof condition === 'string') return condition
  if (typeof deployment === 'string' && to !== undefined) return `${deployment} to ${String(to)}`
  if (clusters !== null && typeof clusters === 'object') return `clusters ${Object.keys(clusters).join(', ')}`
  const definition = (deployable as { readonly definition?: unknown } | undefined)?.definition
  return typeof definition === 'string' ? definition.slice(0, 90) : ''
}
