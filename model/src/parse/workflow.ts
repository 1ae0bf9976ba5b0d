import type { Reference } from '../reference.ts'
import type { Breed } from '../breed.ts'
import { OVERLAPS, RUNNERS, type Schedule, type Workflow, type WorkflowStatus } from '../workflow.ts'
import { unresolvedTrait } from './breed-check.ts'
import { readBreedReference } from './breed.ts'
import type { Cursor, Fields } from './cursor.ts'
import { readDialects, readHeader, readNetwork } from './header.ts'
import { readHealthChecks } from './health-check.ts'
import { readCount, readTime } from './quantity.ts'
import { readScaleReference } from './scale.ts'
import { readArguments, readEnvironment } from './trait.ts'

export function readWorkflow(fields: Fields): Workflow {
  fields.ignore('instances', 'health', 'since', 'reason', 'next', 'dropped')
  const header = readHeader(fields, 'workflows')
  const breed = fields.required('breed')
  const schedule = fields.required('schedule')
  const status = fields.optional('status')
  const scale = fields.optional('scale')
  const workflow: Workflow = {
    ...header,
    breed: breed ? readBreedReference(breed) : NO_BREED,
    schedule: schedule ? readSchedule(schedule) : { is: 'daemon' },
    status: status ? readStatus(status) : 'starting',
    ...(scale ? { scale: readScaleReference(scale) } : {}),
    environment_variables: readEnvironment(fields.optional('environment_variables', 'env')),
    arguments: readArguments(fields),
    ...readNetwork(fields),
    ...readHealthChecks(fields),
    dialects: readDialects(fields),
    ...readLimits(fields),
  }
  checkEnvironment(workflow, fields.cursor)
  return workflow
}

function readLimits(fields: Fields): Pick<Workflow, 'runner' | 'timeout' | 'overlap' | 'retries' | 'hosts'> {
  const [runner, timeout, overlap, retries, hosts] = ['runner', 'timeout', 'overlap', 'retries', 'hosts'].map(name => fields.optional(name))
  return {
    ...(runner ? { runner: runner.oneOf(RUNNERS, 'sandbox') } : {}),
    ...(timeout ? { timeout: readTime(timeout) } : {}),
    ...(overlap ? { overlap: overlap.oneOf(OVERLAPS, 'queue') } : {}),
    ...(retries ? { retries: readCount(retries) } : {}),
    ...(hosts ? { hosts: hosts.items().map(readHost) } : {}),
  }
}

/** A name, perhaps with a port; no address of a page. */
function readHost(cursor: Cursor): string {
  return cursor.parsed(text => /^(\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?$/i.test(text) ? text.toLowerCase() : undefined, 'a host such as example.com or example.com:8443', '')
}

const NO_BREED: Reference<Breed> = { is: 'reference', reference: '' }

function readSchedule(cursor: Cursor): Schedule {
  if (!cursor.isMap) {
    if (cursor.isScalar && cursor.text() === 'daemon') return { is: 'daemon' }
    return undefinedSchedule(cursor)
  }
  const fields = cursor.map()
  const time = fields.optional('time')
  const event = fields.optional('event')
  fields.finish()
  if (time) return readTimeSchedule(time)
  return event ? { is: 'event', tags: readTags(event) } : undefinedSchedule(cursor)
}

function undefinedSchedule(cursor: Cursor): Schedule {
  cursor.report('UndefinedWorkflowScheduleError', "Undefined workflow schedule - either 'daemon', 'time' or 'event' must be specified.")
  return { is: 'daemon' }
}

function readTags(cursor: Cursor): string[] {
  if (!cursor.isMap) return cursor.items().map(item => item.text())
  const fields = cursor.map()
  const tags = fields.required('tags')?.items().map(item => item.text()) ?? []
  fields.finish()
  return tags
}

function readTimeSchedule(cursor: Cursor): Schedule {
  if (!cursor.isMap) return { is: 'time', period: readPeriod(cursor) }
  const fields = cursor.map()
  const period = fields.required('period')
  const repeat = fields.optional('repeat')?.integer()
  const start = fields.optional('start')
  const schedule = { is: 'time', period: period ? readPeriod(period) : 'PT1S', ...(repeat === undefined ? {} : { repeat }), ...(start ? { start: readStart(start) } : {}) } as const
  fields.finish()
  return schedule
}

const PERIOD = /^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d{1,9})?S)?)?$/

/** ISO-8601; an empty text is every second, as in the original; a cron line is taken too. */
function readPeriod(cursor: Cursor): string {
  const text = cursor.text()
  const period = text === '' && cursor.isScalar ? 'PT1S' : text
  if (cursor.isScalar && !PERIOD.test(period) && !isCron(period)) {
    cursor.report('IllegalWorkflowSchedulePeriod', `Illegal workflow schedule period: ${text}.`, 'write an ISO-8601 period such as PT30S, or a cron line')
  }
  return period
}

function isCron(text: string): boolean {
  const fields = text.trim().split(/\s+/)
  return (fields.length === 5 || fields.length === 6) && fields.every(field => /^[\d*/,\-?LW#A-Za-z]+$/.test(field))
}

/** `now`, or a moment with its offset from UTC. */
function readStart(cursor: Cursor): string {
  const text = cursor.text()
  if (text !== 'now' && !isMoment(text)) cursor.unexpectedType('now, or a moment such as 2030-01-01T08:00:00Z is expected here')
  return text
}

export function isMoment(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$/.test(text) && !Number.isNaN(Date.parse(text.replace(/([+-]\d\d)(\d\d)?$/, (_, hours: string, minutes = '00') => `${hours}:${minutes}`)))
}

const STATUSES: readonly WorkflowStatus[] = ['starting', 'running', 'stopping', 'suspended', 'suspending', 'restarting']

function readStatus(cursor: Cursor): WorkflowStatus {
  const text = cursor.text()
  const status = STATUSES.find(word => word === text)
  if (!status) cursor.report('IllegalWorkflowStatus', `Illegal workflow status: ${text}.`, `one of ${STATUSES.join(', ')} is expected here`)
  return status ?? 'starting'
}

function checkEnvironment({ breed, environment_variables }: Workflow, cursor: Cursor): void {
  const given = breed.is === 'inline' ? breed.value : undefined
  for (const variable of environment_variables) {
    const place = cursor.reading.placeOf(variable, cursor)
    const of = breed.is === 'inline' ? breed.value.name : breed.reference
    if (variable.value === null) place.report('MissingEnvironmentVariableError', `Missing environment variable value for '${variable.name}' in service '${of}.'`)
    if (given && !given.environment_variables.some(({ name }) => name === variable.name)) place.key.report('UnresolvedDependencyInTraitValueError', unresolvedTrait(variable.name, given))
  }
}
