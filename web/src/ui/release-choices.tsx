import type { Strategy } from '@vamp/model/release'
import type { GateChoice, ObjectiveChoice, USUAL } from '../release-form.ts'
import { Button } from './button.tsx'
import { ConditionField } from './condition-field.tsx'
import { Field } from './field.tsx'

type Choices = typeof USUAL
type TextChoice = { [K in keyof Choices]: Choices[K] extends string ? K : never }[keyof Choices]

const STRATEGIES: readonly (readonly [Strategy, string])[] = [
  ['canary', 'a growing share of the requests, as the evidence allows'],
  ['blue-green', 'a full second set is started and examined, then everything switches at once'],
  ['rolling', 'instances are replaced one after another, and traffic follows their number'],
  ['shadow', 'copies of requests, whose answers nobody sees: a first look without risk'],
  ['experiment', 'an even split to learn which is better, not only which is safe'],
]

const CONFIDENCES = [
  ['95', 'quick to roll back: at most 1 of 20 healthy releases is rolled back by chance'],
  ['99', 'the usual: at most 1 of 100 healthy releases is rolled back by chance, however often one looks'],
  ['99.9', 'slow to roll back: at most 1 of 1000, for about a third more time'],
] as const

/** Everything that can be left as it is, each with what it changes. */
export function ReleaseChoices({ choices, onChoices }: { readonly choices: Choices; readonly onChoices: (choices: Choices) => void }) {
  const text = (key: TextChoice, label: string, help: string, pattern?: string) => (
    <Field label={label} help={help}>{ids => <input {...ids} type="text" {...(pattern ? { pattern } : {})} value={choices[key]} onChange={({ target }) => onChoices({ ...choices, [key]: target.value })} />}</Field>
  )
  const time = '\\d+(\\.\\d+)?(ms|s|m|h)'
  return (
    <>
      <fieldset>
        <legend>How does it come to the visitors?</legend>
        {STRATEGIES.map(([value, words]) => (
          <label key={value} className="choice"><input type="radio" name="strategy" value={value} checked={choices.strategy === value} onChange={() => onChoices({ ...choices, strategy: value })} /><span>{value}</span><span className="help">{words}</span></label>
        ))}
      </fieldset>
      <ConditionField label="Who takes part" help="Only visitors for whom this holds, such as country is GB and device is mobile; empty for all." condition={choices.audience} onCondition={audience => onChoices({ ...choices, audience })} />
      <fieldset>
        <legend>How sure before it is rolled back?</legend>
        {CONFIDENCES.map(([value, words]) => (
          <label key={value} className="choice"><input type="radio" name="confidence" value={value} checked={choices.confidence === value} onChange={() => onChoices({ ...choices, confidence: value })} /><span>{value} %</span><span className="help">{words}</span></label>
        ))}
      </fieldset>
      {text('badRequests', 'Requests that may go wrong', 'What this release may cost at most. The more, the faster the share grows.', '\\d+')}
      <Objectives choices={choices} onChoices={onChoices} />
      <Gates choices={choices} onChoices={onChoices} />
      <details>
        <summary>More choices</summary>
        <div className="form">
          <Field label="Where another release of this cluster is under way">{ids => <select {...ids} value={choices.inFlight} onChange={({ target }) => onChoices({ ...choices, inFlight: target.value === 'replace' ? 'replace' : 'wait' })}><option value="wait">wait for it</option><option value="replace">replace it</option></select>}</Field>
          {text('visitors', 'Visitors of its own per second', 'Where few come: so many requests a second that Vamp sends itself while it is judged. Empty: none.', '\\d*')}
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

interface Part { readonly choices: Choices; readonly onChoices: (choices: Choices) => void }

const METRICS = ['error_rate', 'latency_p50', 'latency_p95', 'latency_p99', 'latency_p999', 'event:purchase'] as const

/** What must not get worse. */
function Objectives({ choices, onChoices }: Part) {
  const { objectives } = choices
  const set = (next: readonly ObjectiveChoice[]) => onChoices({ ...choices, objectives: next })
  const change = (index: number, fields: Partial<ObjectiveChoice>) => set(objectives.map((each, at) => at === index ? { ...each, ...fields } : each))
  return (
    <fieldset>
      <legend>What must not get worse?</legend>
      {objectives.length === 0 && <p className="help">Errors and the slowest requests, which is the usual. Business events that the application posts can be watched as well.</p>}
      {objectives.map(({ metric, margin, goal }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name, and never change places
        <div key={index} className="row">
          <input type="text" aria-label="Metric" list="metrics" required value={metric} onChange={({ target }) => change(index, { metric: target.value })} />
          <input type="text" aria-label="Margin in percent" placeholder="margin %" pattern="\d*(\.\d+)? *%?" value={margin} onChange={({ target }) => change(index, { margin: target.value })} />
          <select aria-label="Goal" value={goal} onChange={({ target }) => change(index, { goal: target.value === 'better' ? 'better' : 'not-worse' })}><option value="not-worse">not worse</option><option value="better">better</option></select>
          <Button kind="quiet" onClick={() => set(objectives.filter((_, at) => at !== index))}>Remove</Button>
        </div>
      ))}
      <datalist id="metrics">{METRICS.map(metric => <option key={metric} value={metric} />)}</datalist>
      <div className="actions"><Button onClick={() => set([...objectives, { metric: METRICS[objectives.length % METRICS.length] ?? 'error_rate', margin: '', goal: 'not-worse' }])}>Add an objective</Button></div>
    </fieldset>
  )
}

const GATES: Readonly<Record<GateChoice['is'], readonly [words: string, example: string]>> = {
  approve: ['somebody says yes', 'QA'], webhook: ['another system says yes', 'https://ci.example.com/may-go-on'], window: ['only at these times', 'Mon-Thu 09:00-16:00 Europe/Amsterdam'], release: ['another release is done', 'shop-api-2.0'],
}

/** What it waits for on the way. */
function Gates({ choices, onChoices }: Part) {
  const { gates } = choices
  const set = (next: readonly GateChoice[]) => onChoices({ ...choices, gates: next })
  const change = (index: number, fields: Partial<GateChoice>) => set(gates.map((each, at) => at === index ? { ...each, ...fields } : each))
  return (
    <fieldset>
      <legend>What must it wait for?</legend>
      {gates.length === 0 && <p className="help">Nothing but its evidence.</p>}
      {gates.map(({ is, what, before }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name, and never change places
        <div key={index} className="row">
          <select aria-label="Gate" value={is} onChange={({ target }) => change(index, { is: (Object.keys(GATES) as GateChoice['is'][]).find(each => each === target.value) ?? 'approve' })}>{Object.entries(GATES).map(([value, [words]]) => <option key={value} value={value}>{words}</option>)}</select>
          <input type="text" aria-label="Who, where or when" placeholder={GATES[is][1]} required value={what} onChange={({ target }) => change(index, { what: target.value })} />
          <input type="text" aria-label="Before this share in percent" placeholder="before %" pattern="\d*(\.\d+)? *%?" value={before} onChange={({ target }) => change(index, { before: target.value })} />
          <Button kind="quiet" onClick={() => set(gates.filter((_, at) => at !== index))}>Remove</Button>
        </div>
      ))}
      <div className="actions"><Button onClick={() => set([...gates, { is: 'approve', what: '', before: '50' }])}>Add a gate</Button></div>
    </fieldset>
  )
}
