import { type ReactNode, useEffect } from 'react'
import { Link } from 'react-router'

export interface Crumb { readonly name: string; readonly to: string }

export function Page({ title, crumbs = [], actions, children }: { readonly title: string; /** What it is a part of, the largest first. */ readonly crumbs?: readonly Crumb[]; readonly actions?: ReactNode; readonly children: ReactNode }) {
  useEffect(() => { document.title = `${title} – Vamp` }, [title])
  return (
    <main id="content">
      <header className="title">
        <div>
          {crumbs.length > 0 && <nav className="crumbs" aria-label="Part of">{crumbs.map(({ name, to }) => <span key={to}><Link to={to}>{name}</Link> <span aria-hidden="true">/</span></span>)}</nav>}
          <h1>{title}</h1>
        </div>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </main>
  )
}

export function Card({ title, aside, children }: { readonly title: string; readonly aside?: ReactNode; readonly children: ReactNode }) {
  return <section className="card"><header><h2>{title}</h2>{aside}</header>{children}</section>
}
