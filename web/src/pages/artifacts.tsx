import type { ArtifactJson } from '@vamp/model/api/artifacts'
import { singular } from '@vamp/model/kind'
import { Link, NavLink, useParams, useSearchParams } from 'react-router'
import { useLive } from '../live.ts'
import { path } from '../path.ts'
import { artifactList, EDITED_KINDS, type EditedKind } from '../sources.ts'
import { templateOf } from '../templates.ts'
import { ButtonLink } from '../ui/button.tsx'
import { DocumentEditor } from '../ui/document-editor.tsx'
import { Page } from '../ui/page.tsx'
import { Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'

export const editedKind = (word: string | undefined): EditedKind => EDITED_KINDS.find(kind => kind === word) ?? 'blueprints'

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
  const list = useLive(artifactList(kind))
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
