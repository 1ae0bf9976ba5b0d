import type { Autoscaler, AutoscalerSignal } from '../autoscaler.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readArtifactName, readHeader } from './header.ts'
import { readCount, readTime } from './quantity.ts'
import { parseSignal } from '../scaling-signal.ts'
import { parseSlo } from '../slo.ts'

const DEFAULT_UP = { panic_window: 6 }
const DEFAULT_DOWN = { cooldown: 0 }

export function readAutoscaler(fields: Fields): Autoscaler {
  const header = readHeader(fields, 'autoscalers')
  const service = fields.optional('service')
  const maximum = fields.required('maximum')
  const slo = fields.optional('slo')
  const autoscaler: Autoscaler = {
    ...header,
    deployment: readName(fields.required('deployment')),
    cluster: readName(fields.required('cluster')),
    ...(service ? { service: readArtifactName(service) } : {}),
    minimum: count(fields.optional('minimum')) ?? 1,
    maximum: count(maximum) ?? 1,
    signals: fields.optional('signals')?.items().map(readSignal) ?? [],
    ...(slo ? { slo: readSlo(slo) } : {}),
    behaviour: readBehaviour(fields.optional('behaviour', 'behavior')),
    schedules: fields.optional('schedules')?.items().map(readSchedule) ?? [],
    prediction: fields.optional('prediction')?.oneOf(['off', 'shadow', 'auto'], 'auto') ?? 'auto',
    priority: fields.optional('priority')?.integer() ?? 0,
    mode: fields.optional('mode')?.oneOf(['act', 'shadow'], 'act') ?? 'act',
  }
  if (autoscaler.minimum > autoscaler.maximum) maximum?.unexpectedType('maximum is at least minimum')
  if (autoscaler.signals.length === 0 && autoscaler.slo === undefined && autoscaler.schedules.length === 0) fields.missing('signals')
  return autoscaler
}

function readName(cursor: Cursor | undefined): string {
  return cursor ? readArtifactName(cursor) : ''
}

function count(cursor: Cursor | undefined): number | undefined {
  return cursor && readCount(cursor)
}

/** `{metric: requests, target: 50}`, or steps by how far the metric is. */
function readSignal(cursor: Cursor): AutoscalerSignal {
  const fields = cursor.map()
  const metric = readExpression(fields.required('metric'))
  const target = fields.optional('target')?.number()
  const steps = fields.optional('steps')?.list().map(readStep)
  fields.finish()
  if (target === undefined && steps === undefined) fields.missing('target')
  if (target !== undefined && target <= 0) cursor.unexpectedType('a target larger than 0 is expected here')
  return { metric, ...(target === undefined ? {} : { target }), ...(steps === undefined ? {} : { steps }) }
}

function readExpression(cursor: Cursor | undefined): string {
  const text = cursor?.text().trim() ?? ''
  const parsed = cursor?.isScalar ? parseSignal(text) : undefined
  if (cursor && parsed?.is === 'refused') for (const { code, message, at, hint } of parsed.problems) cursor.reportWithin((at?.column ?? 1) - 1, code, message, hint)
  return text
}

function readStep(cursor: Cursor): NonNullable<AutoscalerSignal['steps']>[number] {
  const fields = cursor.map()
  const above = fields.optional('above')?.number()
  const below = fields.optional('below')?.number()
  const change = fields.required('change')?.integer() ?? 0
  fields.finish()
  if (above === undefined && below === undefined) fields.missing('above')
  return { ...(above === undefined ? {} : { above }), ...(below === undefined ? {} : { below }), change }
}

/** `p95 <= 200ms`, `error_rate <= 0.5%`. */
function readSlo(cursor: Cursor): string {
  const slo = cursor.text().trim()
  if (cursor.isScalar && !parseSlo(slo)) cursor.unexpectedType('a promise such as p95 <= 200ms is expected here')
  return slo
}

function readBehaviour(cursor: Cursor | undefined): Autoscaler['behaviour'] {
  if (!cursor) return { up: DEFAULT_UP, down: DEFAULT_DOWN }
  const fields = cursor.map()
  const up = fields.optional('up')?.map()
  const panic = up?.optional('panic_window')
  const step = up?.optional('max_step')?.integer()
  up?.finish()
  const down = fields.optional('down')?.map()
  const stabilisation = down?.optional('stabilisation', 'stabilization')
  const cooldown = down?.optional('cooldown')
  down?.finish()
  fields.finish()
  return {
    up: { panic_window: panic ? readTime(panic) : DEFAULT_UP.panic_window, ...(step === undefined ? {} : { max_step: step }) },
    down: { ...(stabilisation ? { stabilisation: readTime(stabilisation) } : {}), cooldown: cooldown ? readTime(cooldown) : DEFAULT_DOWN.cooldown },
  }
}

function readSchedule(cursor: Cursor): Autoscaler['schedules'][number] {
  const fields = cursor.map()
  const cron = fields.required('cron')
  const minimum = count(fields.optional('minimum'))
  const maximum = count(fields.optional('maximum'))
  const schedule = {
    cron: cron ? readCron(cron) : '',
    timezone: fields.optional('timezone')?.text() ?? 'UTC',
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    duration: readTime(fields.required('duration')),
  }
  fields.finish()
  if (minimum === undefined && maximum === undefined) fields.missing('minimum')
  return schedule
}

function readCron(cursor: Cursor): string {
  const cron = cursor.text().trim()
  if (cursor.isScalar && !/^(\S+\s+){4,5}\S+$/.test(cron)) cursor.unexpectedType('a cron line of five or six fields is expected here')
  return cron
}
