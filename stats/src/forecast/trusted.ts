/**
 * A forecast that has to earn its trust: at every point each model says what it expects `ahead` points later, and when that
 * point comes it is held against plain reaction, "it stays as it is". A model is used only while its error over the recent
 * past is clearly smaller, by the Diebold-Mariano test (F. X. Diebold and R. S. Mariano, "Comparing Predictive Accuracy", 1995)
 * on the differences of absolute errors of square roots, with the long-run variance of overlapping forecasts.
 *
 * Head-room comes from the model's own errors: the interval that held the wanted share of the recent points.
 */
import { type HoltWinters, openHoltWinters } from './holt-winters.ts'
import { seasonOf } from './season.ts'

export interface TrustedForecastOptions {
  /** Points from now that the forecast is about. */
  readonly ahead: number
  /** Seasons that are looked for, in points: of a day, an hour, a week. */
  readonly seasons: readonly number[]
  /** Share of the recent points that the upper end was to hold, in (0, 1). */
  readonly coverage?: number
}

export interface Forecast {
  /** What the best model expects. */
  readonly expected: number
  /** With head-room for its own errors. */
  readonly upper: number
  readonly model: string
  /** Mean absolute error of it, as a multiple of plain reaction's; below 1 it is better. */
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

/** Points that make up the recent past, at most; and before nothing is trusted. */
const PAST = 1440
const PAST_MIN = 30
/** One-sided 1 % in the normal distribution. */
const CLEARLY = 2.33
/** Trust that was earned is lost only from here on. */
const STILL = 0.5
/** A season is looked for anew after so many points. */
const LOOK_EVERY = 60
const HISTORY_MAX = 3 * 10_080

interface Model { readonly name: string; readonly smoothing: HoltWinters; readonly promised: (number | undefined)[]; readonly errors: number[]; readonly signed: number[]; readonly gains: number[]; trusted: boolean }

export function openTrustedForecast({ ahead, seasons, coverage = 0.9 }: TrustedForecastOptions): TrustedForecast {
  const history: number[] = []
  let models: Model[] = [modelOf('trend', 0)]
  let season: number | undefined

  const lookForSeason = () => {
    const found = seasonOf(history, seasons)
    if (found === season) return
    season = found
    models = models.filter(({ name }) => name === 'trend')
    if (found === undefined) return
    const model = modelOf(`season of ${found}`, found)
    // The past is lived through once more, so that its forecasts are held against what came.
    for (const [at, value] of history.entries()) follow(model, value, history[at - ahead], ahead)
    models.push(model)
  }
  return {
    observe(value) {
      const before = history[history.length - ahead]
      history.push(value)
      for (const model of models) follow(model, value, before, ahead)
      if (history.length > HISTORY_MAX) history.splice(0, history.length - HISTORY_MAX)
      if (history.length % LOOK_EVERY === 0) lookForSeason()
    },
    forecast() {
      const ready = models.filter(({ gains }) => gains.length >= PAST_MIN)
      const score = ({ errors }: Model) => mean(errors)
      const best = ready.reduce<Model | undefined>((least, each) => !least || score(each) < score(least) ? each : least, undefined)
      const expected = best?.smoothing.forecast(ahead)
      if (!best || expected === undefined) return undefined
      return tell(best, expected, coverage)
    },
  }
}

function modelOf(name: string, season: number): Model {
  const smoothing = season > 1 ? openHoltWinters({ season, level: 0.15, trend: 0.02, seasonal: 0.35, damping: 0.85 }) : openHoltWinters({ season: 0, level: 0.5, trend: 0.2, damping: 0.97 })
  return { name, smoothing, promised: [], errors: [], signed: [], gains: [], trusted: false }
}

function follow(model: Model, value: number, before: number | undefined, ahead: number): void {
  const { smoothing, promised, errors, signed, gains } = model
  const promise = promised.length >= ahead ? promised[promised.length - ahead] : undefined
  if (promise !== undefined && before !== undefined) {
    const error = Math.abs(Math.sqrt(value) - Math.sqrt(promise))
    push(errors, error)
    push(signed, Math.sqrt(value) - Math.sqrt(promise))
    push(gains, Math.abs(Math.sqrt(value) - Math.sqrt(before)) - error)
  }
  smoothing.observe(value)
  promised.push(smoothing.forecast(ahead))
  if (promised.length > 2 * ahead + 2) promised.splice(0, promised.length - ahead - 1)
  if (gains.length >= PAST_MIN) {
    const evidence = dieboldMariano(gains, ahead)
    model.trusted = evidence > (model.trusted ? STILL : CLEARLY)
  }
}

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

function tell({ name, errors, signed, gains, trusted }: Model, expected: number, coverage: number): Forecast {
  const reaction = mean(errors) + mean(gains)
  const error = reaction > 0 ? mean(errors) / reaction : 1
  const sorted = signed.toSorted((a, b) => a - b)
  const room = Math.max(0, sorted[Math.min(sorted.length - 1, Math.floor(coverage * sorted.length))] ?? 0)
  const upper = (Math.sqrt(expected) + room) ** 2
  const percent = Math.round(error * 100)
  const sentence = trusted
    ? `The ${name === 'trend' ? 'trend' : 'seasonal'} forecast is used: its error was ${percent} % of plain reaction's.`
    : `The forecast is not used: its error was ${percent} % of plain reaction's, which is not clearly better.`
  return { expected, upper, model: name, error, trusted, sentence }
}

const mean = (values: readonly number[]) => values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0
