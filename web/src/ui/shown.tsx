import type { ReactNode } from 'react'
import { STALE_MS } from '../connection.ts'
import { useNow } from '../live.ts'
import type { Live } from '../look.ts'
import { reasonOf } from '../server.ts'
import { duration } from '../words.ts'

/** A live value: waiting, refused, or here, and then how old it is as soon as that matters. */
export function Shown<T>({ of, children }: { readonly of: Live<T>; readonly children: (value: T) => ReactNode }) {
  if (of.is === 'loading') return <p className="empty" aria-busy="true">One moment…</p>
  if (of.is === 'failed') return <Refusal error={of.error} />
  return <><Staleness atMs={of.atMs} />{children(of.value)}</>
}

export function Refusal({ error }: { readonly error: unknown }) {
  return <p role="alert" className="refusal">{reasonOf(error)}</p>
}

function Staleness({ atMs }: { readonly atMs: number }) {
  const age = useNow() - atMs
  return age < STALE_MS * 2 ? null : <p className="stale" role="status">No data for {duration(age)}: this is how it was.</p>
}
