/** Parts that several printers share. An absent field is left out; `null` is printed where the original prints it. */
import type { Argument, Constant, EnvironmentVariable } from '../breed.ts'
import type { HealthCheck } from '../health-check.ts'
import { printTime } from '../quantity.ts'
import type { Reference } from '../reference.ts'

export type Json = Readonly<Record<string, unknown>>

export function printHeader({ name, kind, metadata }: { readonly name: string; readonly kind: string; readonly metadata: Json }): Json {
  return name === '' ? { metadata } : { name, kind, metadata }
}

export function printReference<T>(reference: Reference<T>, print: (value: T) => unknown): unknown {
  return reference.is === 'reference' ? { reference: reference.reference } : print(reference.value)
}

/** A map from what users named; a name such as `__proto__` is a name like any other. */
export function printMap<T>(items: readonly T[], key: (item: T) => string, value: (item: T) => unknown): Json {
  return Object.fromEntries(items.map(item => [key(item), value(item)]))
}

export function printVariables(variables: readonly (EnvironmentVariable | Constant)[]): Json {
  return printMap(variables, ({ name, alias }) => alias === undefined ? name : `${name}[${alias}]`, variable => variable.value)
}

export function printArguments(given: readonly Argument[]): readonly Json[] {
  return given.map(({ key, value }) => ({ [key]: value }))
}

export function printHealthChecks(checks: readonly HealthCheck[] | undefined): Json {
  if (!checks) return {}
  return { health_checks: checks.map(check => ({
    path: check.path,
    port: check.port,
    initial_delay: printTime(check.initial_delay),
    timeout: printTime(check.timeout),
    interval: printTime(check.interval),
    failures: check.failures,
    protocol: check.protocol,
  })) }
}

/** `{name: value}` if there is a value. */
export function optional(name: string, value: unknown): Json {
  return value === undefined ? {} : { [name]: value }
}
