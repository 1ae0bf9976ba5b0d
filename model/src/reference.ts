/**
 * A place in an artifact that either names a stored artifact or holds one inline.
 * Strong places (a service's breed) hold a named artifact; weak ones (scale, sla, condition …) an anonymous one.
 */
export type Reference<T> =
  | { readonly is: 'reference'; readonly reference: string }
  | { readonly is: 'inline'; readonly value: T }

export const reference = (name: string): Reference<never> => ({ is: 'reference', reference: name })
export const inline = <T>(value: T): Reference<T> => ({ is: 'inline', value })
