import { percent } from '../words.ts'

/** The last parts of a route's path say which one it is. */
export const routeName = (path: string): string => {
  const segments = path.split('/')
  return segments.length === 4 ? segments[2] ?? path : path
}

/** How requests divide, in words; what gets nothing is left out unless nothing gets anything. */
export function Split({ shares }: { readonly shares: Readonly<Record<string, number>> }) {
  const entries = Object.entries(shares)
  const some = entries.filter(([, share]) => share > 0)
  return <span className="line">{(some.length > 0 ? some : entries).map(([path, share]) => <span key={path}>{routeName(path)} <b className="number">{percent(share)}</b></span>)}</span>
}
