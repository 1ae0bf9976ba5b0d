import { type ReactNode, useEffect } from 'react'

export function Page({ title, actions, children }: { readonly title: string; readonly actions?: ReactNode; readonly children: ReactNode }) {
  useEffect(() => { document.title = `${title} – Vamp` }, [title])
  return (
    <main id="content">
      <header className="title"><h1>{title}</h1>{actions && <div className="actions">{actions}</div>}</header>
      {children}
    </main>
  )
}

export function Card({ title, aside, children }: { readonly title: string; readonly aside?: ReactNode; readonly children: ReactNode }) {
  return <section className="card"><header><h2>{title}</h2>{aside}</header>{children}</section>
}
