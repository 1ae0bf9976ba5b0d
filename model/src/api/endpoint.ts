/**
 * The HTTP contract as data. The server's routes, the client's methods and the OpenAPI document are derived from these rows;
 * nothing about an endpoint is written twice.
 */
import { type Static, type TObject, type TSchema, Type } from '@sinclair/typebox'
import type { Kind } from '../kind.ts'
import type { Role } from '../token.ts'

export type Schema = TSchema
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** What a body is. Texts are YAML or JSON and are read by the language's own parser, so that problems have a line. */
export type Body =
  | { readonly is: 'artifact'; readonly kind: Kind }
  /** A blueprint, a deployment as it was printed, or the name of a stored blueprint. */
  | { readonly is: 'deployment' }
  /** Several documents, each with its `kind`. */
  | { readonly is: 'documents' }
  | { readonly is: 'data'; readonly schema: TSchema; readonly optional?: boolean }
  /** Has a parser of its own in the language; the schema describes it. */
  | { readonly is: 'language'; readonly schema: TSchema; readonly optional?: boolean }
  /** As it comes, not read. */
  | { readonly is: 'text'; readonly media: string }

export type Answer =
  /** `paged`: a list with `page`, `per_page`, `Link` and `X-Total-Count`. */
  | { readonly is: 'data'; readonly status: 200 | 201 | 202; readonly schema: TSchema; readonly paged?: true }
  | { readonly is: 'nothing'; readonly status: 204 }
  /** Server-sent events; the data of each is the schema's. */
  | { readonly is: 'stream'; readonly status: 200; readonly schema: TSchema }
  | { readonly is: 'text'; readonly status: 200 | 201; readonly media: string }

export interface Endpoint {
  readonly method: Method
  /** Below `/api/v1` unless it begins with `//` (the root). `{name}` is one segment, `{name...}` may have slashes, raw or as `%2F`. */
  readonly path: string
  /** `anyone` needs no token. */
  readonly role: Role | 'anyone'
  /** Part of the OpenAPI document. */
  readonly group: string
  readonly summary: string
  readonly query?: TObject
  readonly body?: Body
  /** Of the body; 1 MiB where nothing is said. */
  readonly bytesMax?: number
  readonly answer: Answer
}

/** Keeps the literal types, from which the client's signatures follow. */
export const endpoint = <const E extends Endpoint>(row: E): E => row

type Segment<P extends string> = P extends `${infer Name}...` ? Name : P
/** `/a/{b}/{c...}` → `'b' | 'c'` */
export type PathNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Segment<Name> | PathNames<Rest> : never

export type QueryOf<E extends Endpoint> = E extends { readonly query: infer Q extends TObject } ? Partial<Static<Q>> : Readonly<Record<string, never>>
/** With the defaults filled in, as a handler gets it. */
export type FullQueryOf<E extends Endpoint> = E extends { readonly query: infer Q extends TObject } ? Static<Q> : Readonly<Record<string, never>>
export type BodyOf<E extends Endpoint> = E extends { readonly body: { readonly is: 'data'; readonly schema: infer S extends TSchema } } ? Static<S>
  : E extends { readonly body: Body } ? string : undefined
/** What a client may send: texts as they are, everything else as JSON. */
export type SentOf<E extends Endpoint> = E extends { readonly body: { readonly is: 'data' | 'language'; readonly schema: infer S extends TSchema } } ? Static<S>
  : E extends { readonly body: { readonly is: 'text' } } ? string : E extends { readonly body: Body } ? string | object : undefined
export type DataOf<E extends Endpoint> = E['answer'] extends { readonly schema: infer S extends TSchema } ? Static<S> : E['answer'] extends { readonly is: 'text' } ? string : undefined

/** `/a/{b}/{c...}` → `['b', 'c']` */
export function pathNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)(?:\.\.\.)?\}/g)].map(([, name = '']) => name)
}

/** The path with its names filled in and escaped. Slashes of a `{name...}` stay as they are. */
export function fillPath(path: string, values: Readonly<Record<string, string>>): string {
  const filled = path.replaceAll(/\{(\w+)(\.\.\.)?\}/g, (_, name: string, many?: string) => {
    const value = values[name] ?? ''
    return many ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value)
  })
  return filled.startsWith('//') ? filled.slice(1) : `${API_PREFIX}${filled}`
}

export const API_PREFIX = '/api/v1'

/** A type of ours whose JSON is described elsewhere, or in words. */
export const opaque = <T>(description: string) => Type.Unsafe<T>({ type: 'object', description })

const flag = (description: string) => Type.Boolean({ default: false, description })

export const PER_PAGE = 30
export const PER_PAGE_MAX = 100
/** Beyond it an offset is no whole number that a database could count to. */
export const PAGE_MAX = 1_000_000_000

export const paging = {
  page: Type.Integer({ minimum: 1, maximum: PAGE_MAX, default: 1, description: 'from 1' }),
  per_page: Type.Integer({ minimum: 1, default: PER_PAGE, description: `at most ${PER_PAGE_MAX}; more is cut` }),
}

export const writing = {
  validate_only: flag('examine everything, store nothing; the answer is the one of the real call'),
  plan: flag('store nothing; the answer is what would change'),
}

export const references = {
  expand_references: flag('put what is referred to in place of the reference'),
  only_references: flag('put references in place of what is inline and has a name'),
}

/** `90`, `10m`, `2h`: seconds where no unit is given. */
export const duration = (description: string) => Type.String({ pattern: '^[1-9][0-9]{0,6}[smhdw]?$', description })
