import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Link } from 'react-router'

type Kind = 'plain' | 'main' | 'danger' | 'quiet'

export function Button({ kind = 'plain', ...rest }: { readonly kind?: Kind } & ButtonHTMLAttributes<HTMLButtonElement>) {
  return <button type="button" {...rest} className={`button ${kind}`} />
}

/** Goes somewhere, and looks like what it is: the next thing to do. */
export function ButtonLink({ to, kind = 'plain', children }: { readonly to: string; readonly kind?: Kind; readonly children: ReactNode }) {
  return <Link to={to} className={`button ${kind}`}>{children}</Link>
}
