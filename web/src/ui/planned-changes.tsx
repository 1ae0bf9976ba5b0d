import type { Change } from '@vamp/model/api/change'
import { kindOf, singular } from '@vamp/model/kind'
import { lineDiff } from '../line-diff.ts'
import type { Tone } from '../words.ts'
import { Badge } from './badge.tsx'
import { Lines } from './lines.tsx'

const WORDS: Readonly<Record<Change['do'], readonly [Tone, string]>> = { create: ['good', 'new'], update: ['busy', 'changes'], delete: ['bad', 'goes'], keep: ['calm', 'stays'] }

export function PlannedChanges({ changes }: { readonly changes: readonly Change[] }) {
  return <ul className="changes">{changes.map(change => <Planned key={`${change.kind} ${change.name}`} change={change} />)}</ul>
}

function Planned({ change: { do: verb, kind, name, before, after } }: { readonly change: Change }) {
  const [tone, word] = WORDS[verb]
  const known = kindOf(kind)
  const lines = verb === 'keep' ? [] : lineDiff(textOf(before), textOf(after))
  return (
    <li>
      <span className="line"><Badge tone={tone}>{word}</Badge> {known ? singular(known) : kind} <b>{name}</b></span>
      {verb === 'update' && lines.length > 0 && <Lines label={`What changes in ${name}`}>{lines.map(({ is, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of a difference have no other name, and never move
        <div key={index} className={is === 'added' ? 'diff-add' : is === 'cut' ? 'diff-cut' : 'dim'}>{is === 'added' ? '+ ' : is === 'cut' ? '− ' : '  '}{text}</div>))}</Lines>}
    </li>
  )
}

const textOf = (value: unknown): string => value === undefined ? '' : JSON.stringify(value, null, 2).replaceAll(/[{}[\]",]/g, '').split('\n').filter(line => line.trim() !== '').join('\n')
