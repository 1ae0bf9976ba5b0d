/** Nested values as `a · b`. */
export function Pairs({ of }: { readonly of: object }) {
  return <dl className="pairs">{flat(of).map(([name, text]) => <div key={name} className="pair"><dt>{name.replaceAll('_', ' ').replaceAll('.', ' · ')}</dt><dd>{text}</dd></div>)}</dl>
}

function flat(value: object, prefix = ''): (readonly [string, string])[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) return flat(inner, `${prefix}${name}.`)
    return [[`${prefix}${name}`, Array.isArray(inner) ? inner.map(each => typeof each === 'object' ? JSON.stringify(each) : String(each)).join(', ') : inner === null ? 'not set' : String(inner)] as const]
  })
}
