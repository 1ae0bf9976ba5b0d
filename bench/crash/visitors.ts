/** Visitors of the gateway, who know of every request that failed whether anybody could have served it. */
import { Agent, request } from 'node:http'
import { systemClock as clock } from '../../agent/src/base/clock.ts'

const CONNECTIONS = 6
const PAUSE_MS = 15
const TIMEOUT_MS = 20_000
/** Failures of a kind that follow each other within it are told of once. */
const SAME_MS = 1000
/** What was done to instances began at most so much later than it was noted. */
const BLUR_MS = 20

export interface Visit { readonly from: number; readonly to: number; readonly instance?: string; readonly generation?: string; readonly failure?: string }

/** Something was done to an instance, or to all of them. A request that was under way then may be lost with it. */
export interface Harm { readonly from: number; readonly to: number; readonly instance?: string }

export interface Visitors {
  readonly requests: number
  /** Failed, while an instance was there that had served before. */
  readonly lost: readonly string[]
  /** Failed with the instance that had them, while there was none, or while those that there were had been told to leave. */
  readonly excused: { readonly underWay: number; readonly nobody: number; readonly leaving: number }
  /** When the first one was answered. */
  answered(): Promise<void>
  /** Whose requests may fail; `to` is set when it is over. */
  harm(instance: string): Harm & { to: number }
  /** When each of them has begun and ended a request since: some wait for long on a worker of HAProxy that has nobody left. */
  free(): Promise<void>
  /** Those that began since then and have ended, by the monotonic clock. */
  since(from: number): readonly Visit[]
  stop(): Promise<void>
}

interface VisitorsOptions {
  /** Whether an instance was on its way out of service when the request was made, and nobody was there who could have called it back. */
  readonly leaves: (instance: string, visit: Visit) => Promise<boolean>
  readonly outages: readonly Harm[]
  readonly note: (what: string) => void
}

export function startVisitors(port: number, { leaves, outages, note }: VisitorsOptions): Visitors {
  const agent = new Agent({ keepAlive: true })
  const harms: Harm[] = []
  /** Instance → port, of those that have answered. */
  const known = new Map<string, number>()
  const lost: string[] = []
  const excused = { underWay: 0, nobody: 0, leaving: 0 }
  const excusedAt: Partial<Record<keyof typeof excused, number>> = {}
  const excuse = (why: keyof typeof excused, { failure, from, to }: Visit) => {
    excused[why]++
    if (to - (excusedAt[why] ?? 0) > SAME_MS) note(`${failure} after ${Math.round(to - from)} ms, excused: ${why}`)
    excusedAt[why] = to
  }
  let visits: Visit[] = []
  /** When each of them began its last request that has ended. */
  const begun = new Map<number, number>()
  let [running, requests] = [true, 0]

  const judge = async (visit: Visit, served: ReadonlyMap<string, number>) => {
    const met = ({ from, to }: Harm) => visit.from <= to + BLUR_MS && visit.to >= from
    // As long as an engine is away nobody starts anything: whoever answers was there all the time.
    const away = () => outages.some(outage => met(outage) && outage.to === Number.POSITIVE_INFINITY)
    const out = outages.some(met)
    if (unplaced(visit) ? out && !away() : out || harms.some(met)) { excuse('underWay', visit); return }
    const loses = (why: string) => { lost.push(`${visit.failure} after ${Math.round(visit.to - visit.from)} ms at ${new Date(clock.now() - clock.monotonic() + visit.to).toISOString().slice(11, 23)}, ${why}`) }
    if (!unplaced(visit)) { loses('of an instance that nobody had done anything to'); return }
    // One that is stopped cannot serve, one that was killed does not answer: unless it was started again since, and has served.
    const hurt = new Set(harms.filter(({ to }) => to >= visit.from).map(({ instance }) => instance))
    let leaving = false
    for (const [instance, place] of served)
      if (!hurt.has(instance) && (await ask(place, '/', false)).instance === instance) {
        if (out && !away()) { excuse('underWay', visit); return }
        if (!await leaves(instance, visit)) { loses(`while ${instance} answers`); return }
        leaving = true
      }
    excuse(leaving ? 'leaving' : 'nobody', visit)
  }
  const visitor = async (index: number) => {
    while (running) {
      const served = new Map(known)
      const visit = await ask(port, index % 3 === 0 ? '/slow' : '/', index % 2 === 0 ? agent : false)
      // Before the first answer there is nothing to lose.
      if (visit.failure !== undefined && served.size === 0) { await clock.sleep(PAUSE_MS); continue }
      requests++
      begun.set(index, visit.from)
      visits.push(visit)
      if (visits.length > 5000) visits = visits.slice(-2500)
      if (visit.failure !== undefined) await judge(visit, served)
      else if (visit.instance !== undefined) known.set(visit.instance, visit.place)
      await clock.sleep(PAUSE_MS)
    }
  }
  const all = Array.from({ length: CONNECTIONS }, (_, index) => visitor(index))
  return {
    get requests() { return requests },
    lost, excused,
    harm(instance) {
      const harm = { from: clock.monotonic(), to: Number.POSITIVE_INFINITY, instance }
      harms.push(harm)
      return harm
    },
    async answered() { while (known.size === 0) await clock.sleep(PAUSE_MS) },
    async free() {
      const since = clock.monotonic()
      while (Array.from({ length: CONNECTIONS }, (_, index) => begun.get(index) ?? 0).some(from => from < since)) await clock.sleep(PAUSE_MS)
    },
    since: begin => visits.filter(({ from }) => from >= begin),
    async stop() {
      running = false
      await Promise.all(all)
      agent.destroy()
    },
  }
}

/** No instance had it. */
const unplaced = ({ failure = '' }: Visit) => failure.startsWith('503')

function ask(port: number, path: string, agent: Agent | false): Promise<Visit & { readonly place: number }> {
  const from = clock.monotonic()
  return new Promise(done => {
    const over = (rest: Partial<Visit> & { place?: number }) => done({ from, to: clock.monotonic(), place: 0, ...rest })
    const asked = request({ host: '127.0.0.1', port, path, agent, timeout: TIMEOUT_MS }, response => {
      let text = ''
      response.on('data', chunk => { text += String(chunk) })
      response.on('end', () => {
        const [instance, place, generation] = text.split(' ')
        if (response.statusCode !== 200 || instance === undefined || generation === undefined) over({ failure: `${response.statusCode} ${text.slice(0, 60).replaceAll(/\s+/g, ' ')}` })
        else over({ instance, place: Number(place), generation })
      })
      response.on('error', error => over({ failure: error.message }))
    })
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
    asked.on('error', error => over({ failure: error.message }))
    asked.end()
  })
}
