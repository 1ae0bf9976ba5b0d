/** What `show stat` counts of backends. */

export interface BackendCounters {
  /** By the number in `b12`. */
  readonly backend: number
  /** Requests and connections that are in it now, wherever in it they wait. */
  readonly inProgress: number
  readonly begun: number
  /** Requests that ended; absent for TCP, which counts none. */
  readonly ended?: number
}

/** Asks for one backend. */
export const countersQuestion = (backend: string): string => `show stat ${backend} 2 -1`

/** Columns; their order is kept from version to version (management manual, §9.1). */
const [IN_PROGRESS, BEGUN, ENDED] = [4, 7, 48] as const

export function backendCounters(answer: string): BackendCounters[] {
  return answer.split('\n').flatMap(line => {
    const number = /^b(\d+),BACKEND,/.exec(line)?.[1]
    if (number === undefined) return []
    const columns = line.split(',')
    return [{ backend: Number(number), inProgress: Number(columns[IN_PROGRESS]), begun: Number(columns[BEGUN]), ...(columns[ENDED] ? { ended: Number(columns[ENDED]) } : {}) }]
  })
}
