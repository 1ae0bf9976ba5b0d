/** What the server and its launcher say to each other. */
import type { ProcessId } from './proc.ts'

export interface Launch {
  readonly program: string
  readonly words: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Files that what it prints is added to: of its standard output, of its standard error. */
  readonly outputs: readonly string[]
}

export interface ToLauncher { readonly number: number; readonly launch: Launch }

export interface Exit { readonly code: number | null; readonly signal: string | null }

export interface Refused {
  readonly is: 'refused'
  readonly code: string | undefined
  readonly message: string
  /** It is the program that cannot be run, and not its files that cannot be opened. */
  readonly program: boolean
}

export type FromLauncher =
  | { readonly number: number; readonly is: 'started'; readonly process: ProcessId }
  | { readonly number: number } & Refused
  | { readonly number: number; readonly is: 'ended'; readonly exit: Exit }
