import type { PrintedLine, RunEnd } from '../runner.ts'

export type FromChild =
  | { readonly is: 'alive' }
  /** Its script computes for long. */
  | { readonly is: 'heavy' }
  | { readonly is: 'printed'; readonly lines: readonly PrintedLine[]; readonly leftOut: number }
  | { readonly is: 'end'; readonly end: RunEnd }
