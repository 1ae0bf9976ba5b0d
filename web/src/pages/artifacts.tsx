import type { ArtifactJson } from '@vamp/model/api/artifacts'
import { documents } from '@vamp/model/api/documents'
import { singular } from '@vamp/model/kind'
import { useRef, useState } from 'react'
import { Link, NavLink, useParams, useSearchParams } from 'react-router'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'
import { allDeployments, allGateways, artifactList, EDITED_KINDS, type EditedKind } from '../sources.ts'
import { type Taken, templateOf } from '../templates.ts'
import { ButtonLink } from '../ui/button.tsx'
import { DocumentEditor } from '../ui/document-editor.tsx'
import { Page } from '../ui/page.tsx'
import { Refusal, Shown } from '../ui/shown.tsx'
import { Table } from '../ui/table.tsx'

export const editedKind = (word: string | undefined): EditedKind => EDITED_KINDS.find(kind => kind === word) ?? 'blueprints'

export default function Artifacts() {
  const kind = editedKind(useParams()['kind'])
  const [query] = useSearchParams()
  return (
    <Page title={query.has('new') ? `New ${singular(kind)}` : 'Artifacts'} actions={!query.has('new') && <ButtonLink to={path.newArtifact(kind)} kind="main">New {singular(kind)}</ButtonLink>}>
      {query.has('new') ? <Fresh key={kind} kind={kind} /> : <List kind={kind} />}
    </Page>
  )
}

/** Unknown until the lists are here; where they cannot be read, nothing is known to be taken. Of use for blueprints alone. */
function useTaken(): Taken | undefined {
  const gateways = useLive(allGateways())
  const lists = [useLive(artifactList('breeds')), useLive(artifactList('blueprints')), useLive(allDeployments())]
  if (gateways.is === 'loading' || lists.some(({ is }) => is === 'loading')) return undefined
  return {
    names: new Set(lists.flatMap(list => list.is === 'here' ? list.value.map(({ name }) => name) : [])),
    ports: new Set(gateways.is === 'here' ? gateways.value.map(({ port }) => Number.parseInt(port, 10)) : []),
  }
}

/** From a template; a blueprint also from a Docker Compose file, which the server reads and nothing is stored of. */
function Fresh({ kind }: { readonly kind: EditedKind }) {
  const taken = useTaken()
  // What it begins with stays, whatever is made by others meanwhile.
  const begun = useRef<string>(undefined)
  if (begun.current === undefined && taken) begun.current = templateOf(kind, taken)
  const [imported, setImported] = useState<string>()
  const text = imported ?? begun.current
  const [error, setError] = useState<unknown>()
  const take = async (file: File | undefined) => {
    if (!file) return
    try {
      const name = file.name.replace(/\.ya?ml$/i, '').replaceAll(/[^\w.-]+/g, '-').replace(/^(docker-)?compose$/, 'shop')
      const { data } = await vamp().call(documents.compose, { query: { name, validate_only: true }, body: await file.text() })
      setImported(String(data))
      setError(undefined)
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <>
      {kind === 'blueprints' && <label className="line"><span className="dim">Begin with a Docker Compose file:</span> <input type="file" accept=".yml,.yaml" onChange={({ target }) => { void take(target.files?.[0]) }} /></label>}
      {error !== undefined && <Refusal error={error} />}
      {text === undefined ? <div className="code" aria-busy="true" /> : <DocumentEditor key={text} text={text} fresh />}
    </>
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
