import type { USUAL } from '../release-form.ts'
import { Field } from './field.tsx'

type Choices = typeof USUAL

const CONFIDENCES = [
  ['95', 'quick to roll back: at most 1 of 20 healthy releases is rolled back by chance'],
  ['99', 'the usual: at most 1 of 100 healthy releases is rolled back by chance, however often one looks'],
  ['99.9', 'slow to roll back: at most 1 of 1000, for about a third more time'],
] as const

/** Everything that can be left as it is, each with what it changes. */
export function ReleaseChoices({ choices, onChoices }: { readonly choices: Choices; readonly onChoices: (choices: Choices) => void }) {
  const text = (key: keyof Choices, label: string, help: string, pattern?: string) => (
    <Field label={label} help={help}>{ids => <input {...ids} type="text" {...(pattern ? { pattern } : {})} value={choices[key]} onChange={({ target }) => onChoices({ ...choices, [key]: target.value })} />}</Field>
  )
  const time = '\\d+(\\.\\d+)?(ms|s|m|h)'
  return (
    <>
      <fieldset>
        <legend>How sure before it is rolled back?</legend>
        {CONFIDENCES.map(([value, words]) => (
          <label key={value} className="choice"><input type="radio" name="confidence" value={value} checked={choices.confidence === value} onChange={() => onChoices({ ...choices, confidence: value })} /><span>{value} %</span><span className="help">{words}</span></label>
        ))}
      </fieldset>
      {text('badRequests', 'Requests that may go wrong', 'What this release may cost at most. The more, the faster the share grows.', '\\d+')}
      <details>
        <summary>More choices</summary>
        <div className="form">
          {text('instances', 'Instances of the new version', 'Empty: as many as the version that it replaces.', '\\d*')}
          {text('steps', 'Steps in percent', 'Empty: the share grows as fast as the evidence and the budget allow. Or a ladder such as 1, 5, 25, 50.')}
          {choices.steps.trim() !== '' && text('hold', 'Time on each step', 'At least; a step also waits for its evidence.', time)}
          {text('minimum', 'Not promoted before', 'Some faults need time to show, however much traffic there is.', time)}
          {text('maximum', 'Undecided after', 'Then it holds its share and asks a person.', time)}
          {text('loadCheck', 'Time at half of the traffic', 'Faults that show only under load show here.', time)}
          {text('holdBack', 'Time at 90 %', 'The old version keeps a little, so that late faults are still compared and rolled back.', time)}
          {text('keep', 'Old version stays warm', 'So long it can be gone back to at once after promotion.', time)}
        </div>
      </details>
    </>
  )
}
