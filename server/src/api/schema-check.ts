/** Queries and data bodies against the contract: the value with defaults, or every problem. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Schema } from '@vamp/model/api/endpoint'
import type { Problem } from '@vamp/model/problem'
import { Refused } from './refused.ts'

/** Throws `Refused`. */
export type Checker = (value: unknown) => unknown

/** A query is text: numbers, flags and lists of one are read from it. */
const query = new Ajv({ allErrors: true, useDefaults: true, coerceTypes: 'array', removeAdditional: false })
const body = new Ajv({ allErrors: true, useDefaults: true })

export function checker(schema: Schema, of: 'query' | 'body'): Checker {
  /** Compiled when it is first asked for: most endpoints are not, in the life of most servers. */
  let validate: ValidateFunction | undefined
  return value => {
    validate ??= (of === 'query' ? query : body).compile(JSON.parse(JSON.stringify(schema)) as object)
    const checked = of === 'query' ? { ...value as object } : value
    if (validate(checked)) return checked
    throw new Refused((validate.errors ?? []).map(error => problemOf(error, of)))
  }
}

const CODES: Readonly<Record<string, string>> = { required: 'MissingPathValueError', additionalProperties: 'UnexpectedElement', type: 'UnexpectedTypeError' }

function problemOf({ keyword, instancePath, message = '', params }: ErrorObject, of: 'query' | 'body'): Problem {
  const path = instancePath.slice(1).replaceAll('~1', '/').replaceAll('~0', '~')
  const { missingProperty, additionalProperty } = params as { missingProperty?: string; additionalProperty?: string }
  const where = of === 'query' ? `query parameter '${path}'` : `'${path}'`
  const text = missingProperty !== undefined ? `Can't find any value for path: /${[path, missingProperty].filter(Boolean).join('/')}`
    : additionalProperty !== undefined ? `Unexpected in DSL: ${additionalProperty}` : `${path === '' ? `the ${of}` : where} ${message}`
  return { code: CODES[keyword] ?? 'InvalidValue', message: text, path }
}
