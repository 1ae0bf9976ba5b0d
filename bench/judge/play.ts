/** One release from its first request to the end of its first hour, under one method. */
import type { Method, Verdict } from './method.ts'
import { Simulation, type World } from './world.ts'

/** The old version alone, before the release. */
const HISTORY_SECONDS = 600
/** An escaped fault costs until then. */
const BILL_SECONDS = 3600
/** From the decision to the router. */
const PROPAGATION_SECONDS = 2

export interface Played {
  readonly verdict: Verdict
  /** To the rollback, or to the decision to promote. */
  readonly seconds: number
  /** Failures that the fault added within the hour. */
  readonly excess: number
  /** Requests that the new version served within the hour. */
  readonly exposed: number
}

/** `lag`: seconds that an ordered share takes to be in force; the second in which it arrives is then a mixture. */
export function play(method: Method, world: World, seed: number, lag = 0): Played {
  const simulation = new Simulation(world, seed)
  const history = Array.from({ length: world.history ?? HISTORY_SECONDS }, () => simulation.step(0).baseline)
  const startsAt = 1_700_000_000 + (seed % 3600)
  const course = method.begin(history, startsAt)
  const orders = [course.first.share]
  let share = lag === 0 ? course.first.share : 0
  let [excess, exposed, promotedAt] = [0, 0, 0]
  const serve = (share: number) => {
    const age = simulation.age
    const second = simulation.step(share)
    excess += second.excess
    exposed += second.canary.requests
    return { ...second, age }
  }
  for (let at = 0; at < BILL_SECONDS; at++) {
    const inForce = orders[at - lag] ?? 0
    const changed = lag > 0 && inForce !== share
    share = inForce
    const next = course.see({ second: startsAt + at, share, changed, ...serve(share) })
    if (next.heldBack && promotedAt === 0) promotedAt = at + 1
    if (next.verdict === 'rolled_back') {
      for (let late = 0; late < PROPAGATION_SECONDS; late++) serve(share)
      return { verdict: 'rolled_back', seconds: at + 1, excess, exposed }
    }
    if (next.verdict === 'promoted') {
      const left = BILL_SECONDS - at - 1
      return { verdict: 'promoted', seconds: promotedAt || at + 1, excess: excess + left * world.rps * addedErrors(world), exposed: exposed + left * world.rps }
    }
    orders.push(next.share)
  }
  return { verdict: promotedAt > 0 ? 'promoted' : 'held', seconds: promotedAt || BILL_SECONDS, excess, exposed }
}

function addedErrors({ fault, errors }: World): number {
  return fault.errors === undefined ? 0 : Math.max(0, fault.errors - errors)
}
