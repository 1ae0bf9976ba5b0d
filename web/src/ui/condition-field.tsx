import { parseCondition } from '@vamp/model/condition/parse'
import { useRef } from 'react'
import { continuations, whoMatches } from '../condition-help.ts'
import { Field } from './field.tsx'
import { Lines } from './lines.tsx'

/** Who takes a way: written with offers of what may stand next, its mistake at its place, and the visitors that it would hold for. */
export function ConditionField({ label, help = 'A condition such as user-agent = Firefox and has cookie beta, or the name of a stored one; empty for nobody.', condition, onCondition }: { readonly label: string; /** Where nothing is written. */ readonly help?: string; readonly condition: string; readonly onCondition: (condition: string) => void }) {
  const input = useRef<HTMLInputElement>(null)
  const text = condition.trim()
  // The name of a stored condition is one word; whether there is such a one, the server says.
  const parsed = text === '' || /^[\w.-]+$/.test(text) ? undefined : parseCondition(text)
  const problem = parsed?.is === 'refused' ? parsed.problems[0] : undefined
  const offers = continuations(condition)
  const take = (next: string) => { onCondition(next); input.current?.focus() }
  return (
    <div className="condition">
      <Field label={label} help={text === '' ? help : undefined}>
        {ids => <input {...ids} ref={input} type="text" spellCheck={false} autoCapitalize="off" autoComplete="off" aria-invalid={problem !== undefined} value={condition} onChange={({ target }) => onCondition(target.value)} />}
      </Field>
      {offers.length > 0 && <fieldset className="offers"><legend className="unseen">What may stand next</legend>{offers.map(({ label: word, text: next }) => <button key={word} type="button" className="tag" onClick={() => take(next)}>{word}</button>)}</fieldset>}
      {problem && <div className="problem" role="alert"><span>{problem.message}</span>{problem.at?.caret && <Lines label={'Where it is wrong'}>{problem.at.caret}</Lines>}{problem.hint && <span className="help">{problem.hint}</span>}</div>}
      {parsed && !problem && <details><summary>Which visitors would match?</summary><Matching condition={text} /></details>}
    </div>
  )
}

const WORDS = { true: ['✓', 'yes'], false: ['✕', 'no'], unknown: ['?', 'only the proxy can tell'] } as const

function Matching({ condition }: { readonly condition: string }) {
  return (
    <ul className="matching">{whoMatches(condition).map(({ who, holds }) => {
      const [mark, word] = WORDS[`${holds}`]
      return <li key={who} className={holds === true ? 'yes' : ''}><span aria-hidden="true">{mark}</span> {who}<span className="unseen">: {word}</span></li>
    })}</ul>
  )
}
