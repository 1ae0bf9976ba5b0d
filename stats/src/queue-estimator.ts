/**
 * How much load an instance may have for a promise about latency: the queueing model with parameters from what proxies measure
 * (`queue-fit.ts`, `load-bins.ts`), and what was seen with one's own eyes beside it.
 *
 * Of models that chance does not tell apart the one that bears least is believed, and a little more than was seen to be good is tried
 * where another allows it: only load tells them apart. What was seen to break the promise is not tried again for a while, what was
 * seen to keep it is relied on, and whatever the model says, where more is late than was planned for, less load is given.
 */
import { type Block, type Load, type LoadBins, meanOfQuickest, openLoadBins, WORK_ERROR } from './load-bins.ts'
import { openDrift, openSpending } from './promise-watch.ts'
import { type Fits, type Fitted, fitStations, largestRate } from './queue-fit.ts'
import { meanLatencyMs, shareAbove } from './queueing.ts'
import { millisecondsOf, type SketchData } from './sketch.ts'

export interface LoadSample {
  /** Requests per second and instance. */
  readonly rate: number
  readonly instances: number
  readonly requests: number
  readonly latency: SketchData
  /** More came than was answered: the latencies tell of the backlog, the answers of the capacity. */
  readonly overloaded: boolean
  /** Of a second or two, where there was nothing better. */
  readonly brief: boolean
  /** Seconds, of any clock. */
  readonly at: number
}

export interface LatencyPromise {
  /** Milliseconds. */
  readonly limitMs: number
  /** In (0, 1): 0.95 for a p95. */
  readonly quantile: number
}

export interface SafeLoad {
  /** Requests per second that one instance may be given. */
  readonly rate: number
  /** With so much the promise would just be kept, if the careful model is right. */
  readonly most: number
  /** What it rests on. */
  readonly because: 'model' | 'seen_bad' | 'seen_best' | 'spent'
  readonly fitted: Fitted
  /** More are late than promised even where nobody waits: no size keeps the promise. */
  readonly hopeless: boolean
}

export interface QueueEstimator {
  observe(sample: LoadSample): void
  /** Where there are so many instances; nothing before there is evidence. `calm`: no more is about to come, so that all that it bears may be given, and more tried. */
  safeLoad(instances: number, calm?: boolean): SafeLoad | undefined
}

/** A promise that is planned to its edge is broken half the time: waiting may make late this share of what may be late. It costs little, as the share rises steeply with the load. */
const AIM = 0.004
/** Where the work alone takes too long for some, no size helps them: waiting may add so much to their share. */
const WAITING_ADDS = 0.3
/** So many times what is aimed at may be late before it is called too much. */
const TOLERATED = 10
/** While more and more comes, the next look finds more than the plan was for: so much of what a model says is given then. */
const GIVEN_GROWING = 0.92
/** For what comes between two looks: all of it is planned with this much less on each. */
const BETWEEN_LOOKS = 0.98
/** How much more than the best that was seen is dared at once. */
const DARE = 1.15
/** Where nothing but too much was seen, so much of the least of it is tried. */
const TOO_MUCH = 0.8
/** What was seen to be good is exceeded by so much where a model that may be true allows it. */
const CLIMB = 1.05
/** By so much where no waiting is to be seen, because latencies are within a factor of the least; and by one instance's load, if that is more. */
const CLIMB_FREE = 1.3
const CLIMB_MAX = 1.4
/** While more and more comes anyway, no more than so. */
const CLIMB_GROWING = 1.12
const CLIMB_ROOM = 1.06
const NO_WAITING = 1.015
/** For that, so much of what may be late is put at risk. */
const TRY = 0.1
/** Requests without which nothing is called bad; so long it is; and so long a load that was only passed through, as what was late may have piled up before. */
const WEIGHT_BAD = 60
const BAD_SECONDS = 900
const PASSING_SECONDS = 120
/** Below what was too much. */
const BELOW_BAD = 0.95
/** Where more is late, something else is wrong than the model. */
const IN_ORDER = 0.2
/** Nothing in three times as many as one is expected in: then it is rarer, at 95 %. */
const RULE_OF_THREE = 3
/** The fit is made again when there is so much more to rest on, as a share of what it rests on, or so many seconds later. */
const REFIT_SHARE = 0.02
const REFIT_SECONDS = 5
const SATURATION_SECONDS = 900

export function openQueueEstimator(promise: LatencyPromise): QueueEstimator {
  const bins = openLoadBins()
  const [drift, spending] = [openDrift(), openSpending()]
  const allowed = 1 - promise.quantile
  let saturation: { rate: number; at: number } | undefined
  let [known, stale]: [Known | undefined, boolean] = [undefined, true]
  /** Until something new is seen. */
  let said: { readonly instances: number; readonly calm: boolean; readonly safe: SafeLoad | undefined } | undefined
  /** Requests since the fit, and before it, and when it was made; and when anything was seen. */
  let [fresh, rested, fittedAt, newest] = [0, 0, 0, 0]

  const observe = ({ rate, instances, requests, latency, brief, at }: LoadSample) => {
    const arrivals = evenness(instances)
    const late = latency.reduce((sum, [bucket, count]) => sum + (millisecondsOf(bucket) > promise.limitMs ? count : 0), 0)
    const block: Block = { at, rate, arrivals, requests, late, latency, brief, meanMs: sumMs(latency) / requests, quickMs: meanOfQuickest(latency) }
    bins.keep(block)
    if (!known || late > requests * IN_ORDER) return
    const { careful, likely } = known
    drift.see(block.meanMs, meanLatencyMs(careful.station, rate, arrivals), requests, at)
    spending.see(late, requests, shareAbove(likely.station, likely.shape, 0, promise.limitMs) + TOLERATED * AIM * allowed, at)
  }
  return {
    observe(sample) {
      const { rate, requests, overloaded, at } = sample
      if (requests <= 0 || rate <= 0) return
      said = undefined
      newest = Math.max(newest, at)
      fresh += requests
      if (overloaded) saturation = { rate: saturation ? saturation.rate + 0.3 * (rate - saturation.rate) : rate, at }
      else observe(sample)
      if (stale || !known || overloaded || fresh > REFIT_SHARE * rested || at - fittedAt >= REFIT_SECONDS) { stale = true; rested += fresh; fresh = 0; fittedAt = at }
    },
    safeLoad(instances, calm = true) {
      if (said?.instances === instances && said.calm === calm) return said.safe
      if (stale) known = learn(bins, newest, saturation && newest - saturation.at < SATURATION_SECONDS ? saturation.rate : undefined, allowed)
      stale = false
      const found = known && safe(known, { slower: drift.factor, spent: spending.factor, allowed, limitMs: promise.limitMs, instances, calm })
      said = { instances, calm, safe: found }
      return found
    },
  }
}

/** Loads of one instance, beside the models: */
interface Known extends Fits {
  /** that kept the promise, */
  readonly best: number
  /** that kept it clearly and lately, */
  readonly good: number
  /** where nobody waited, */
  readonly free: boolean
  /** that kept what is aimed at, */
  readonly proven: number
  /** that broke it, */
  readonly bad: number | undefined
  /** and less than the least of all that was seen, if all of it was late. */
  readonly overrun: number | undefined
}

function learn(bins: LoadBins, now: number, saturation: number | undefined, allowed: number): Known | undefined {
  const loads = bins.loads(now)
  const [least] = loads
  if (!least) return undefined
  const aimed = allowed * AIM
  const highest = (holds: (load: Load) => boolean) => Math.max(0, ...loads.filter(holds).map(rateOf))
  const best = highest(({ same, share, lately }) => same && share <= allowed && lately.share <= allowed)
  // What became slower is not what it was proven to be: lately there was no more than one late beside those that were aimed at.
  const proven = highest(({ same, share, weight, lately }) => same && share <= aimed && weight >= RULE_OF_THREE / aimed && lately.late <= 1 + RULE_OF_THREE * aimed * lately.requests)
  const isGood = ({ same, share, weight, lately }: Load) => same && share <= allowed / 2 && lately.share <= allowed / 2 && weight >= RULE_OF_THREE / allowed
  const good = highest(isGood)
  const isBad = ({ weight, settled, at, share, rate }: Load) => weight >= WEIGHT_BAD && share <= 0.5 && now - at < (settled ? BAD_SECONDS : PASSING_SECONDS) && surely(share * weight) > allowed * weight && rate > proven
  // A load that was too much is no more, if as much was borne since.
  const bad = loads.find(load => isBad(load) && !loads.some(other => isGood(other) && other.at > load.at && other.rate >= load.rate))?.rate
  const borne = loads.filter(({ share }) => share <= 0.5)
  // Of loads that were only passed through, the latencies are those of other loads.
  const lasting = borne.some(({ settled }) => settled) ? borne.filter(({ settled }) => settled) : borne
  const overrun = borne.length === 0 ? least.rate * TOO_MUCH : undefined
  return { ...fitStations(borne.length === 0 ? loads : lasting, loads, saturation), best, good, free: isFree(loads, good), proven, bad, overrun }
}

const rateOf = ({ current, lately, rate }: Load) => current ? lately.rate : rate

function isFree(loads: readonly Load[], good: number): boolean {
  const sure = loads.filter(({ settled, unsure }) => settled && unsure <= 2 * WORK_ERROR)
  const at = sure.find(load => rateOf(load) === good)
  return at !== undefined && at.meanMs <= NO_WAITING * Math.min(...sure.map(({ meanMs }) => meanMs))
}

interface Present { /** By what the model does not explain. */ readonly slower: number; readonly spent: number; readonly allowed: number; readonly limitMs: number; readonly instances: number; readonly calm: boolean }

function safe({ careful, likely, hopeful, best, good, free, proven, bad, overrun }: Known, { slower, spent, allowed, limitMs, instances, calm }: Present): SafeLoad {
  const limit = limitMs / slower
  const given = calm ? 1 : GIVEN_GROWING
  const hopeless = overrun === undefined && shareAbove(likely.station, likely.shape, 0, limitMs) > allowed
  /** Where waiting makes no more late beside those whose work alone takes too long. */
  const upTo = (model: Fitted, more: number) => {
    const alone = shareAbove(model.station, model.shape, 0, limit)
    return largestRate(model, limit, alone + Math.max(more, alone * WAITING_ADDS), evenness(instances)) / slower
  }
  const borne = (model: Fitted) => upTo(model, allowed * AIM) * given
  const oneFewer = Math.min(CLIMB_MAX, instances > 1 ? instances / (instances - 1) * CLIMB_ROOM : CLIMB_MAX)
  const climb = !free ? CLIMB : calm ? Math.max(CLIMB_FREE, oneFewer) : CLIMB_GROWING
  // Also if the careful one is right, the promise is kept meanwhile.
  const tried = Math.min(borne(free ? hopeful : likely), good * climb, upTo(careful, allowed * TRY))
  const ceiling = bad === undefined || hopeless ? Number.POSITIVE_INFINITY : bad * BELOW_BAD
  const daring = best > 0 ? best * Math.max(DARE, oneFewer) : Number.POSITIVE_INFINITY
  // What was proven to be good is relied on, whatever the model says.
  const load = overrun ?? Math.min(Math.max(borne(careful), tried, proven * given), ceiling, daring)
  const because = spent < 1 ? 'spent' : load === ceiling || load === overrun ? 'seen_bad' : load === daring ? 'seen_best' : 'model'
  const fitted = { ...careful, station: { ...careful.station, serviceMs: careful.station.serviceMs * slower } }
  const rate = Math.max(load * spent * BETWEEN_LOOKS, 0.01)
  return { rate, most: Math.max(rate, Math.min(ceiling, upTo(careful, allowed))), because, fitted, hopeless }
}

/** So many of those late ones are no chance, at two standard deviations. */
const surely = (late: number) => late - 2 * Math.sqrt(late)
/** Squared coefficient of variation of what each of so many gets, in turn, of independent visitors. */
const evenness = (instances: number) => 1 / Math.max(1, instances)

function sumMs(latency: SketchData): number {
  return latency.reduce((sum, [bucket, count]) => sum + count * millisecondsOf(bucket), 0)
}
