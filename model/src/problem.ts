/** Problems are what is wrong with a user's document: values with a position, all of them at once, never thrown one by one. */
export interface Problem {
  /** A code of the original where it has one (`UnexpectedElement`), so that clients may rely on it. */
  readonly code: string
  /** The original's wording where it has one. */
  readonly message: string
  /** Where in the document, as the user would write it: `clusters/web/services[0]/scale`. */
  readonly path: string
  /** Of several documents that were sent together, the one that it is in. */
  readonly document?: { readonly kind: string; readonly name: string }
  /** Position in the text, from 1; absent only where the artifact did not come from text. */
  readonly at?: Position
  /** A way out, as a sentence: `did you mean 'environment_variables'?` */
  readonly hint?: string
}

export interface Position {
  readonly line: number
  readonly column: number
  /** The offending line of the text and a second line with a caret under the offending column. */
  readonly caret?: string
}

/** All or nothing: a value, or every problem of the document. */
export type Parsed<T> =
  | { readonly is: 'ok'; readonly value: T }
  | { readonly is: 'refused'; readonly problems: readonly Problem[] }

export const ok = <T>(value: T): Parsed<T> => ({ is: 'ok', value })
export const refused = (...problems: readonly Problem[]): Parsed<never> => ({ is: 'refused', problems })

/** Problems as a person reads them in a terminal: `shop.yml:3:5 UnexpectedElement message`, caret lines, way out. */
export function describeProblems(problems: readonly Problem[], file = ''): string {
  return problems.map(problem => {
    const place = problem.at ? `${file}${file ? ':' : ''}${problem.at.line}:${problem.at.column}` : file || problem.path
    const lines = [`${place} ${problem.code}: ${problem.message}`]
    if (problem.at?.caret) lines.push(problem.at.caret)
    if (problem.hint) lines.push(`  → ${problem.hint}`)
    return lines.join('\n')
  }).join('\n')
}
