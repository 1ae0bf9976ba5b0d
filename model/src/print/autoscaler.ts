import type { Autoscaler } from '../autoscaler.ts'
import { printTime } from '../quantity.ts'
import { type Json, optional, printHeader } from './fields.ts'

export function printAutoscaler(autoscaler: Autoscaler): Json {
  const { up, down } = autoscaler.behaviour
  return {
    ...printHeader(autoscaler),
    deployment: autoscaler.deployment,
    cluster: autoscaler.cluster,
    ...optional('service', autoscaler.service),
    minimum: autoscaler.minimum,
    maximum: autoscaler.maximum,
    signals: autoscaler.signals,
    ...optional('slo', autoscaler.slo),
    behaviour: {
      up: { panic_window: printTime(up.panic_window), ...optional('max_step', up.max_step) },
      down: { ...optional('stabilisation', down.stabilisation === undefined ? undefined : printTime(down.stabilisation)), cooldown: printTime(down.cooldown) },
    },
    schedules: autoscaler.schedules.map(({ duration, ...schedule }) => ({ ...schedule, duration: printTime(duration) })),
    prediction: autoscaler.prediction,
    priority: autoscaler.priority,
    mode: autoscaler.mode,
  }
}
