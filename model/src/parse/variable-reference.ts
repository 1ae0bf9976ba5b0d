/**
 * References inside the values of a breed: `$db.ports.port`, `${ db.host }`, `$NAME`, `$$` for a dollar sign.
 *
 *     reference = schema "://" part { "." part } | part "." part "." part | part ".host" | part
 *     part      = characters other than white space and / [ ] . { } : ; , $
 */
export interface VariableReference {
  /** As written, without the dollar sign and the braces. */
  readonly text: string
  /** Of the dollar sign. */
  readonly index: number
  /** Absent for names of the breed's own and for global values. */
  readonly trait?: { readonly alias: string; readonly group: string; readonly name: string }
}

const PART = String.raw`[^\s/[\].{}:;,$]+`
const REFERENCE = String.raw`${PART}://${PART}(?:\.${PART})*|${PART}\.${PART}\.${PART}|${PART}\.host(?![^\s/[\].{}:;,$])|${PART}`
const TOKEN = new RegExp(String.raw`\$\$|\$\{\s*(${REFERENCE})\s*\}|\$(${REFERENCE})|\$`, 'g')

/** The references of a value in order; a dollar sign that begins none is reported with its place. */
export function referencesIn(value: string): { readonly references: readonly VariableReference[]; readonly malformed: readonly number[] } {
  const tokens = [...value.matchAll(TOKEN)]
  return {
    references: tokens.flatMap(({ 1: braced, 2: plain, index }) => {
      const text = braced ?? plain
      return text === undefined ? [] : [{ text, index, ...traitOf(text) }]
    }),
    malformed: tokens.flatMap(({ 0: token, index }) => token === '$' ? [index] : []),
  }
}

function traitOf(text: string): Pick<VariableReference, 'trait'> {
  if (text.includes('://')) return {}
  const [alias = '', group, name] = text.split('.')
  if (group === undefined) return {}
  return { trait: { alias, group: name === undefined ? 'hosts' : group, name: name ?? 'host' } }
}
