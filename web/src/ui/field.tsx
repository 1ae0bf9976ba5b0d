import { type ReactNode, useId } from 'react'

/** A label, what it means, and the control that gets the id of both. */
export function Field({ label, help, children }: { readonly label: string; readonly help?: ReactNode; readonly children: (ids: { readonly id: string; readonly 'aria-describedby'?: string }) => ReactNode }) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(help === undefined ? { id } : { id, 'aria-describedby': `${id}-help` })}
      {help !== undefined && <p id={`${id}-help`} className="help">{help}</p>}
    </div>
  )
}
