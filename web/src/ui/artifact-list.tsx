import type { ArtifactJson } from '@vamp/model/api/artifacts'
import { singular } from '@vamp/model/kind'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { artifactList, type EditedKind } from '../sources.ts'
import { ButtonLink } from './button.tsx'
import { Page } from './page.tsx'
import { Shown } from './shown.tsx'
import { type Column, Table } from './table.tsx'

export interface ArtifactListProps {
  readonly kind: EditedKind
  readonly title: string
  /** What such a thing is for, in a sentence. */
  readonly about: ReactNode
  /** After the name. */
  readonly columns: readonly Column<ArtifactJson>[]
  /** Where a new one is made; as a text if not given. */
  readonly fresh?: string
  /** Where a name leads; to its text if not given. */
  readonly to?: (name: string) => string
}

/** Everything that is stored of one kind, and the way to one more. */
export function ArtifactList({ kind, title, about, columns, fresh = path.newArtifact(kind), to = name => path.artifact(kind, name) }: ArtifactListProps) {
  const list = useLive(artifactList(kind))
  return (
    <Page title={title} actions={<ButtonLink to={fresh} kind="main">New {singular(kind)}</ButtonLink>}>
      <p className="about">{about}</p>
      <Shown of={list}>{rows => (
        <Table label={title} rows={rows} keyOf={({ name }) => name} empty={`There is no ${singular(kind)} yet.`}
          columns={[{ title: 'name', cell: ({ name }) => <Link to={to(name)}>{name}</Link> }, ...columns]} />
      )}</Shown>
    </Page>
  )
}

/** A field of an artifact as it is written, short; nothing where there is none. */
export function fieldText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map(fieldText).filter(Boolean).join(', ')
  if (typeof value !== 'object') return String(value)
  const { name, reference } = value as { readonly name?: unknown; readonly reference?: unknown }
  if (typeof reference === 'string') return reference
  return typeof name === 'string' ? name : Object.entries(value).map(([key, inner]) => `${key} ${fieldText(inner)}`.trim()).join(', ')
}
