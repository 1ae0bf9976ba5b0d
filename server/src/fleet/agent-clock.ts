/**
 * By how much the clock of an agent is off. A report cannot come before it was made, so the quickest of the last ones tells it
 * best; what could also be a slow way is believed when several agree.
 */
const REPORTS_MAX = 10
const REPORTS_MIN = 3
/** No report is under way for longer. */
const DELAY_MS_MAX = 30_000
/** Less is left alone: a second that is a little late is waited for anyway. */
const OFF_MS_MAX = 2000
/** As long as it is off by about what is known, that stays as it is: one agent's seconds should not run into each other. */
const DRIFT_MS_MAX = 1000

export class AgentClock {
  #lags: readonly number[] = []
  #secondsBehind = 0

  /** Whole seconds to be added to its time; negative when it is ahead. */
  get secondsBehind(): number { return this.#secondsBehind }

  heard(itsMs: number, nowMs: number): void {
    this.#lags = [...this.#lags, nowMs - itsMs].slice(-REPORTS_MAX)
    const lag = Math.min(...this.#lags)
    if (this.#lags.length < REPORTS_MIN && lag > 0 && lag <= DELAY_MS_MAX) return
    if (Math.abs(lag - this.#secondsBehind * 1000) <= DRIFT_MS_MAX) return
    this.#secondsBehind = Math.abs(lag) <= OFF_MS_MAX ? 0 : Math.round(lag / 1000)
  }
}

/** `its clock is 3600 s slow`; nothing when it is right. */
export function clockText(secondsBehind: number): string | undefined {
  return secondsBehind === 0 ? undefined : `its clock is ${Math.abs(secondsBehind)} s ${secondsBehind > 0 ? 'slow' : 'fast'}`
}
