import { type FormEvent, type ReactNode, useEffect, useId, useRef } from 'react'
import { Button } from './button.tsx'

/** Asks before something happens. Escape and the first button leave everything as it is. */
export function Dialog({ title, children, action, danger, busy, onAct, onClose }: { readonly title: string; readonly children: ReactNode; readonly action: string; readonly danger?: boolean; readonly busy?: boolean; readonly onAct: () => void; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => { dialog.current?.showModal() }, [])
  const submit = (event: FormEvent) => { event.preventDefault(); onAct() }
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose} onCancel={onClose}>
      <form onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {children}
        <div className="actions">
          <Button onClick={onClose}>Leave it</Button>
          <Button type="submit" kind={danger ? 'danger' : 'main'} disabled={busy}>{action}</Button>
        </div>
      </form>
    </dialog>
  )
}
