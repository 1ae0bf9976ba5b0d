/**
 * A write in the making: what is there, with what this request would change laid over it. Later documents of a request see
 * the earlier ones; at the end everything is stored at once, or told as a plan, or only found to be valid.
 */
import type { Change, Plan } from '@vamp/model/api/change'
import type { Artifact, ArtifactOf } from '@vamp/model/artifact'
import type { NewEvent } from '@vamp/model/event'
import { Fault } from '@vamp/model/fault'
import { type Kind, singular } from '@vamp/model/kind'
import { printJson } from '@vamp/model/print/json'
import type { Expected, Store, Stored, Write } from '../store/store.ts'

interface Drafted {
  readonly kind: Kind
  readonly name: string
  readonly before: Stored<Kind> | undefined
  /** Absent: to be deleted. */
  readonly after?: Artifact
  readonly expected: Expected
  /** As it was sent. */
  readonly source: string
  readonly note?: string
}

/** What must hold of the record when it is written: nothing, what the client demands, or that it is still what this request has read. */
export type Demand = Expected | 'as-read'

export interface Draft {
  get<K extends Kind>(kind: K, name: string): Promise<ArtifactOf[K] | undefined>
  list<K extends Kind>(kind: K): Promise<readonly ArtifactOf[K][]>
  /** Throws `Fault('revision_mismatch')` where a demand of the client does not hold already. */
  put<K extends Kind>(kind: K, artifact: ArtifactOf[K], demand: Demand, source?: string): Promise<void>
  delete(kind: Kind, name: string, demand: Demand, source?: string): Promise<void>
  /** What is to be said beside a record of this write. */
  note(kind: Kind, name: string, text: string): void
  readonly notes: readonly string[]
  readonly plan: Plan
  readonly writes: readonly Write[]
  /** `archive` events for what really changes. */
  archive(by: string): readonly NewEvent[]
}

export function openDraft(store: Store): Draft {
  const drafted = new Map<string, Drafted>()
  const keyOf = (kind: Kind, name: string) => `${kind}\n${name}`
  const read = async <K extends Kind>(kind: K, name: string) => drafted.get(keyOf(kind, name))?.before as Stored<K> | undefined ?? await store.get(kind, name)

  async function add(kind: Kind, name: string, demand: Demand, source: string, after?: Artifact): Promise<void> {
    const known = drafted.get(keyOf(kind, name))
    const before = known ? known.before : await read(kind, name)
    const expected = demand === 'as-read' ? before?.revision ?? 'absent' : demand
    if (expected !== 'any' && expected !== (before?.revision ?? 'absent')) throw mismatch(kind, name, expected, before)
    drafted.set(keyOf(kind, name), { kind, name, before, expected: known && expected === 'any' ? known.expected : expected, source, ...(after ? { after } : {}), ...(known?.note === undefined ? {} : { note: known.note }) })
  }

  return {
    async get<K extends Kind>(kind: K, name: string) {
      const known = drafted.get(keyOf(kind, name))
      return known ? known.after as ArtifactOf[K] | undefined : (await store.get(kind, name))?.value as ArtifactOf[K] | undefined
    },
    async list<K extends Kind>(kind: K) {
      const stored = (await store.list(kind)).items.map(({ value }) => value as ArtifactOf[K])
      const changed = [...drafted.values()].filter(draft => draft.kind === kind)
      const names = new Set(changed.map(({ name }) => name))
      return [...stored.filter(({ name }) => !names.has(name)), ...changed.flatMap(({ after }) => after ? [after as ArtifactOf[K]] : [])]
    },
    put: (kind, artifact, demand, source = '') => add(kind, artifact.name, demand, source, artifact),
    delete: (kind, name, demand, source = '') => add(kind, name, demand, source),
    note(kind, name, text) {
      const known = drafted.get(keyOf(kind, name))
      if (known && !known.note?.includes(text)) drafted.set(keyOf(kind, name), { ...known, note: known.note === undefined ? text : `${known.note} ${text}` })
    },
    get notes() { return [...drafted.values()].flatMap(({ note }) => note ?? []) },
    get plan() { return { changes: [...drafted.values()].map(changeOf) } },
    get writes() {
      return [...drafted.values()].flatMap(({ kind, name, before, after, expected }): Write[] => {
        if (after) return [{ do: 'put', kind, name, value: after, expected }]
        return before || expected !== 'any' ? [{ do: 'delete', kind, name, expected }] : []
      })
    },
    archive: by => [...drafted.values()].flatMap(draft => archived(draft, by)),
  }
}

function mismatch(kind: Kind, name: string, expected: Expected, before: Stored | undefined): Fault {
  const facts = { kind, name, expected, actual: before?.revision ?? 'absent' }
  if (!before) return new Fault('revision_mismatch', `The ${singular(kind)} '${name}' is not there any more.`, facts)
  return new Fault('revision_mismatch', expected === 'absent' ? `There is a ${singular(kind)} '${name}' already.` : `The ${singular(kind)} '${name}' was changed in the meantime: it is at revision ${before.revision}.`, facts)
}

function changeOf(draft: Drafted): Change {
  const { kind, name, before, after, note } = draft
  return {
    do: wishedVerb(draft), kind, name,
    ...(before ? { before: printJson(before.value) } : {}),
    ...(after ? { after: printJson(after) } : {}),
    ...(note === undefined ? {} : { note }),
  }
}

function verbOf({ before, after }: Drafted): Change['do'] {
  if (!before) return after ? 'create' : 'keep'
  if (!after) return 'delete'
  return textOf(before.value) === textOf(after) ? 'keep' : 'update'
}

/** Which port a gateway was given is written into the deployment with its next change; nobody asked for that. */
function wishedVerb(draft: Drafted): Change['do'] {
  const { before, after } = draft
  if (before?.value.kind !== 'deployments' || after?.kind !== 'deployments') return verbOf(draft)
  return textOf(before.value) === textOf({ ...after, ports: before.value.ports }) ? 'keep' : 'update'
}

function archived(draft: Drafted, by: string): NewEvent[] {
  const { kind, name, before, after, source } = draft
  const verb = verbOf(draft)
  if (verb === 'keep') return []
  return [{
    type: 'archive', tags: [`${kind}:${name}`, `archive:${verb}`],
    value: { by, source, ...(before ? { before: printJson(before.value) } : {}), ...(after ? { after: printJson(after) } : {}) },
  }]
}

const textOf = (artifact: Artifact) => JSON.stringify(artifact)
