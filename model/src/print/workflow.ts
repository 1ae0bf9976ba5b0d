import type { Schedule, Workflow } from '../workflow.ts'
import { printBreedReference } from './breed.ts'
import { type Json, optional, printArguments, printHeader, printHealthChecks, printReference, printVariables } from './fields.ts'
import { printTime } from '../quantity.ts'
import { printScale } from './scale.ts'

export function printWorkflow(workflow: Workflow): Json {
  return {
    ...printHeader(workflow),
    breed: printBreedReference(workflow.breed),
    status: workflow.status,
    schedule: printSchedule(workflow.schedule),
    ...optional('scale', workflow.scale && printReference(workflow.scale, printScale)),
    environment_variables: printVariables(workflow.environment_variables),
    arguments: printArguments(workflow.arguments),
    ...optional('network', workflow.network),
    ...printHealthChecks(workflow.health_checks),
    dialects: workflow.dialects,
    ...optional('runner', workflow.runner),
    ...optional('timeout', workflow.timeout === undefined ? undefined : printTime(workflow.timeout)),
    ...optional('overlap', workflow.overlap),
    ...optional('retries', workflow.retries),
    ...optional('hosts', workflow.hosts),
  }
}

function printSchedule(schedule: Schedule): unknown {
  switch (schedule.is) {
    case 'daemon': return 'daemon'
    case 'event': return { event: { tags: schedule.tags } }
    case 'time': return { time: { period: schedule.period, ...optional('repeat', schedule.repeat), ...optional('start', schedule.start) } }
  }
}
