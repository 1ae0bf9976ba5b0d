/** JSON Schema in the small vocabulary that the language needs (draft 2020-12; editors read it as draft 7 too). */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** Any scalar: the reader takes numbers and booleans where it wants a text. */
export const text: JsonSchema = { type: ['string', 'number', 'boolean'] }
export const verbatim: JsonSchema = { type: 'object' }
export const count: JsonSchema = { type: ['integer', 'string'], pattern: '^\\s*\\d+\\s*$', minimum: 0 }
export const integer: JsonSchema = { type: ['integer', 'string'], pattern: '^\\s*-?\\d+\\s*$' }
export const number: JsonSchema = { type: ['number', 'string'] }
export const time: JsonSchema = { type: 'string', pattern: '^\\s*\\d+(\\.\\d+)?(ms|s|sec|seconds?|m|min|minutes?|h|hrs|hours?)\\s*$', description: 'such as 200ms, 30s, 5m, 1h' }
export const percentage: JsonSchema = { type: 'string', pattern: '^\\s*(\\d{1,3}(\\.\\d*)?|\\.\\d+)\\s*%\\s*$', description: 'such as 50% or 2.5%' }
export const flag: JsonSchema = { enum: [true, false, 'true', 'false', 'yes', 'no', 'on', 'off'] }

export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description }
}

export function oneOf(...words: readonly string[]): JsonSchema {
  return { type: 'string', enum: words }
}

export function anyOf(...schemas: readonly JsonSchema[]): JsonSchema {
  return { anyOf: schemas }
}

/** The value, or nothing. */
export function open(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] }
}

/** One, or a list of them. */
export function some(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'array', items: schema }] }
}

/** From names of the user's to values. */
export function map(schema: JsonSchema): JsonSchema {
  return { type: 'object', additionalProperties: schema }
}

/** Exactly these fields; every one that is not required may also be null. */
export function fields(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema {
  const all = Object.entries(properties).map(([name, schema]) => [name, required.includes(name) ? schema : open(schema)])
  return { type: 'object', properties: Object.fromEntries(all), ...(required.length > 0 ? { required } : {}), additionalProperties: false }
}

/** A shared definition. */
export function shared(name: string): JsonSchema {
  return { $ref: `#/$defs/${name}` }
}
