import type { Metadata } from './metadata.ts'

export interface Template {
  readonly kind: 'templates'
  readonly name: string
  readonly metadata: Metadata
  readonly definition: Readonly<Record<string, unknown>>
}
