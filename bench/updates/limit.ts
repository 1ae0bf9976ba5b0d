/** When a run that is too slow, or is told to end, stops making changes and tells what it has. */
export interface Limit { over(): boolean }

export function timeLimit(seconds: number): Limit {
  const until = performance.now() + seconds * 1000
  let told = false
  const end = () => { told = true }
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  return { over: () => told || performance.now() > until }
}
