import { printPercentage, printTime } from '../quantity.ts'
import type { Gate, Objective, Ramp, Release } from '../release.ts'
import { type Json, optional, printHeader, printReference } from './fields.ts'
import { printScale } from './scale.ts'

export function printRelease(release: Release): Json {
  const { clock, to } = release
  return {
    ...printHeader(release),
    deployment: release.deployment,
    cluster: release.cluster,
    to: to.length === 1 ? to[0] : to,
    ...optional('from', release.from),
    ...optional('scale', release.scale ? printReference(release.scale, printScale) : release.instances === undefined ? undefined : { instances: release.instances }),
    ...optional('audience', release.audience),
    strategy: release.strategy,
    ...printRamp(release.ramp),
    objectives: release.objectives.map(printObjective),
    confidence: printPercentage(release.confidence),
    exposure: release.exposure,
    gates: release.gates.map(printGate),
    ...optional('train', release.train.length > 0 ? release.train : undefined),
    ...optional('in_flight', release.in_flight === 'wait' ? undefined : release.in_flight),
    ...optional('guard', release.guard === undefined ? undefined : printPercentage(Number((release.guard * 100).toFixed(12)))),
    ...optional('visitors', release.visitors),
    keep: printTime(release.keep),
    clock: {
      minimum: printTime(clock.minimum),
      maximum: printTime(clock.maximum),
      warm_up: printTime(clock.warm_up),
      load_check: printTime(clock.load_check),
      hold_back: printTime(clock.hold_back),
    },
  }
}

function printRamp(ramp: Ramp): Json {
  return ramp.is === 'auto' ? { ramp: 'auto' } : { ramp: ramp.steps.map(printPercentage), hold: printTime(ramp.hold) }
}

/** A margin is a fraction; rounding takes the binary dust of the product. */
function printObjective({ metric, margin, within, goal }: Objective): Json {
  return {
    metric, ...(margin === undefined ? {} : { margin: printPercentage(Number((margin * 100).toFixed(12))) }),
    ...(within === undefined ? {} : { within: printTime(within) }), goal,
  }
}

function printGate(gate: Gate): Json {
  const before = printPercentage(gate.before)
  switch (gate.is) {
    case 'approve': return { approve: gate.who, before }
    case 'webhook': return { webhook: gate.url, before }
    case 'window': return { window: gate.window, before }
    case 'release': return { release: gate.release, before }
  }
}
