/**
 * A forecast that has to earn its trust: at every point each model says what it expects `ahead` points later, and when that
 * point comes it is held against plain reaction, "it stays as it is". Both are judged by what they are for: each provides for the
 * quantile of its own errors at which it costs least, and what it costs is what it has too much, and several times what it has too
 * little (the newsvendor's problem: K. J. Arrow, T. Harris and J. Marschak, "Optimal Inventory Policy", Econometrica 19, 1951). A model
 * is used only while it has been clearly cheaper over the recent past, by the Diebold-Mariano test (F. X. Diebold and R. S. Mariano,
 * "Comparing Predictive Accuracy", 1995), with the long-run variance of overlapping forecasts.
 *
 * Errors are those of square roots, on which the noise of counts has the same size everywhere.
 */
import { type HoltWinters, openHoltWinters } from './holt-winters.ts'
import { openRecent, type Recent } from './recent.ts'
import { seasonOf } from './season.ts'

export interface TrustedForecastOptions {
  /** Points from now that the forecast is about. */
  readonly ahead: number
  /** Seasons that are looked for, in points: of a day, an hour, a week. */
  readonly seasons: readonly number[]
  /** How many times as much as one too many costs one too few, of what is provided for. */
  readonly shortage?: number
}

export interface Forecast {
  /** What the best model expects. */
  readonly expected: number
  /** The most that is expected from now until then, */
  readonly most: number
  /** and with head-room for its own errors. */
  readonly upper: number
  readonly model: string
  /** What it would have cost lately, as a multiple of plain reaction's; below 1 it is better. */
  readonly error: number
  /** Whether it has been beating reaction, so that it may be used. */
  readonly trusted: boolean
  /** In a sentence, for people. */
  readonly sentence: string
}

export interface TrustedForecast {
  observe(value: number): void
  /** Nothing as long as no model has been held against reality. */
  forecast(): Forecast | undefined
}

/** Points that make up the past that a model is judged by, at most: what gains much twice a day takes days to be sure of. And those in which it must not have lost. */
const PAST = 10_080
const LATELY = 1440
/** Before which nothing is trusted. */
const PAST_MIN = 30
/** One-sided 1 % in the normal distribution. */
const CLEARLY = 2.33
/** Trust that was earned is lost only from here on. */
const STILL = 0.5
/** A season is looked for anew after so many points, and whether a model is trusted. */
const LOOK_EVERY = 60
const JUDGE_EVERY = 30
const HISTORY_MAX = 3 * 10_080
/** Too few instances are late requests, too many are some cents. */
const SHORTAGE = 4

interface Provided { readonly expected: number; readonly provided: number }

interface Model {
  readonly name: string
  readonly smoothing: HoltWinters
  readonly promised: (Provided | undefined)[]
  /** Of square roots: by how much more came than the model, and reaction, expected. */
  readonly errors: Recent
  readonly reactions: Recent
  /** What reaction cost more. */
  readonly gains: number[]
  readonly costs: number[]
  seen: number
  trusted: boolean
}

export function openTrustedForecast({ ahead, seasons, shortage = SHORTAGE }: TrustedForecastOptions): TrustedForecast {
  const terms = { ahead, shortage }
  const history: number[] = []
  let models: Model[] = [modelOf('trend', 0)]
  let [season, seen]: [number | undefined, number] = [undefined, 0]

  const lookForSeason = () => {
    const found = seasonOf(history, seasons)
    if (found === season) return
    season = found
    models = models.filter(({ name }) => name === 'trend')
    if (found === undefined) return
    const model = modelOf(`season of ${found}`, found)
    // The past is lived through once more, so that its forecasts are held against what came.
    for (const [at, value] of history.entries()) follow(model, value, history[at - ahead], terms)
    models.push(model)
  }
  return {
    observe(value) {
      const before = history[history.length - ahead]
      history.push(value)
      for (const model of models) follow(model, value, before, terms)
      if (history.length > HISTORY_MAX) history.splice(0, history.length - HISTORY_MAX)
      if (++seen % LOOK_EVERY === 0) lookForSeason()
    },
    forecast() {
      const ready = models.filter(({ gains }) => gains.length >= PAST_MIN)
      const [best] = ready.toSorted((a, b) => mean(a.costs) - mean(b.costs))
      return best && tell(best, terms)
    },
  }
}

function modelOf(name: string, season: number): Model {
  const smoothing = season > 1 ? openHoltWinters({ season, level: 0.15, trend: 0.02, seasonal: 0.35, damping: 0.85 }) : openHoltWinters({ season: 0, level: 0.5, trend: 0.2, damping: 0.97 })
  return { name, smoothing, promised: [], errors: openRecent(PAST), reactions: openRecent(PAST), gains: [], costs: [], seen: 0, trusted: false }
}

interface Terms { readonly ahead: number; readonly shortage: number }

function follow(model: Model, value: number, before: number | undefined, terms: Terms): void {
  const { smoothing, promised, errors, reactions, gains, costs } = model
  const { ahead, shortage } = terms
  const promise = promised.length >= ahead ? promised[promised.length - ahead] : undefined
  if (promise !== undefined && before !== undefined) {
    // Head-room of both is from before the point; that of reaction is a little newer, which is to its favour.
    const cost = costOf(value, promise.provided, shortage)
    push(costs, cost)
    push(gains, costOf(value, withRoom(before, reactions, shortage), shortage) - cost)
    errors.add(Math.sqrt(value) - Math.sqrt(promise.expected))
    reactions.add(Math.sqrt(value) - Math.sqrt(before))
  }
  smoothing.observe(value)
  const expected = smoothing.forecast(ahead)
  promised.push(expected === undefined ? undefined : { expected, provided: withRoom(expected, errors, shortage) })
  if (promised.length > 2 * ahead + 2) promised.splice(0, promised.length - ahead - 1)
  if (gains.length >= PAST_MIN && ++model.seen % JUDGE_EVERY === 0) model.trusted = mean(gains.slice(-LATELY)) > 0 && dieboldMariano(gains, ahead) > (model.trusted ? STILL : CLEARLY)
}

const costOf = (value: number, provided: number, shortage: number) => value > provided ? shortage * (value - provided) : provided - value
/** The quantile of its errors at which that costs least. */
const withRoom = (expected: number, errors: Recent, shortage: number) => Math.max(0, Math.sqrt(expected) + errors.quantile(shortage / (1 + shortage))) ** 2

function push(list: number[], value: number): void {
  list.push(value)
  if (list.length > PAST) list.shift()
}

/** Standard deviations by which the mean gain is above zero; the variance counts that forecasts overlap (Bartlett weights). */
export function dieboldMariano(gains: readonly number[], ahead: number): number {
  const middle = mean(gains)
  const lags = Math.min(gains.length - 1, 2 * ahead)
  let variance = 0
  for (let lag = 0; lag <= lags; lag++) {
    let sum = 0
    for (let at = lag; at < gains.length; at++) sum += ((gains[at] ?? 0) - middle) * ((gains[at - lag] ?? 0) - middle)
    variance += (lag === 0 ? 1 : 2 * (1 - lag / (lags + 1))) * sum / gains.length
  }
  return variance > 0 ? middle / Math.sqrt(variance / gains.length) : middle > 0 ? Number.POSITIVE_INFINITY : 0
}

function tell({ name, smoothing, errors, costs, gains, trusted }: Model, { ahead, shortage }: Terms): Forecast | undefined {
  const expected = smoothing.forecast(ahead)
  if (expected === undefined) return undefined
  const most = Math.max(...Array.from({ length: ahead }, (_, index) => smoothing.forecast(index + 1) ?? 0))
  const upper = withRoom(most, errors, shortage)
  const reaction = mean(costs) + mean(gains)
  const error = reaction > 0 ? mean(costs) / reaction : 1
  const percent = Math.round(error * 100)
  const sentence = trusted
    ? `The ${name === 'trend' ? 'trend' : 'seasonal'} forecast is used: it would have cost ${percent} % of what plain reaction would.`
    : `The forecast is not used: it would have cost ${percent} % of what plain reaction would, which is not clearly less.`
  return { expected, most, upper, model: name, error, trusted, sentence }
}

const mean = (values: readonly number[]) => values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0
