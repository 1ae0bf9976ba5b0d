import { useId } from 'react'
import { type GatewayEdit, linkedWeights, type RouteEdit } from '../gateway-edit.ts'
import { ConditionField } from './condition-field.tsx'
import { Field } from './field.tsx'
import { routeName } from './split.tsx'

const STICKY = [['none', 'no: every request is decided anew'], ['route', 'to the version: who has seen one stays with it'], ['instance', 'to the instance: who has met one stays with it']] as const

/** Weights that total 100 whatever is moved, conditions with their mistakes, stickiness. */
export function GatewayForm({ edit, onEdit }: { readonly edit: GatewayEdit; readonly onEdit: (edit: GatewayEdit) => void }) {
  const weigh = (index: number, weight: number) => {
    if (!Number.isFinite(weight)) return
    const weights = linkedWeights(edit.routes.map(route => route.weight), index, weight)
    onEdit({ ...edit, routes: edit.routes.map((route, each) => ({ ...route, weight: weights[each] ?? route.weight })) })
  }
  const change = (index: number, fields: Partial<RouteEdit>) => onEdit({ ...edit, routes: edit.routes.map((route, each) => each === index ? { ...route, ...fields } : route) })
  return (
    <>
      <div className="sliders">{edit.routes.map((route, index) => <Slider key={route.path} route={route} only={edit.routes.length === 1} onWeigh={weight => weigh(index, weight)} />)}</div>
      {edit.routes.map((route, index) => route.reference === undefined && <Condition key={route.path} route={route} onChange={fields => change(index, fields)} />)}
      <Field label="Do visitors stick?">{ids => (
        <select {...ids} value={edit.sticky} onChange={({ target }) => onEdit({ ...edit, sticky: STICKY.find(([value]) => value === target.value)?.[0] ?? 'none' })}>
          {STICKY.map(([value, words]) => <option key={value} value={value}>{words}</option>)}
        </select>
      )}</Field>
    </>
  )
}

function Slider({ route: { path, weight, reference }, only, onWeigh }: { readonly route: RouteEdit; readonly only: boolean; readonly onWeigh: (weight: number) => void }) {
  const id = useId()
  const fixed = only || reference !== undefined
  return (
    <div className="slider">
      <label htmlFor={id} title={path}>{routeName(path)}</label>
      <input id={id} type="range" min="0" max="100" step="1" value={weight} disabled={fixed} onChange={({ target }) => onWeigh(target.valueAsNumber)} />
      <input type="number" min="0" max="100" step="0.01" aria-label={`${routeName(path)} in percent`} value={weight} disabled={fixed} onChange={({ target }) => onWeigh(target.valueAsNumber)} />
    </div>
  )
}

function Condition({ route: { path, condition, strength }, onChange }: { readonly route: RouteEdit; readonly onChange: (fields: Partial<RouteEdit>) => void }) {
  return (
    <>
      <ConditionField label={`Who always gets ${routeName(path)}`} condition={condition} onCondition={text => onChange({ condition: text })} />
      {condition.trim() !== '' && <Field label="… and how many of them, in percent">{ids => <input {...ids} type="number" min="0" max="100" step="0.01" value={strength} onChange={({ target }) => { if (Number.isFinite(target.valueAsNumber)) onChange({ strength: target.valueAsNumber }) }} />}</Field>}
    </>
  )
}
