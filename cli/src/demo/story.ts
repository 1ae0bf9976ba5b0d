/** The story of the demonstration: one version runs, a good one replaces it, two bad ones are sent back. */
import { PHASE_LABELS, type ReleaseStatus } from '@vamp/model/release-status'
import type { Stage } from './stage.ts'
import { startVisitors, type Visitors, type Visits } from './visitors.ts'

/** What the story asks of a running Vamp; the public API gives all of it. */
export interface StoryApi {
  apply(file: string): Promise<void>
  release(name: string): Promise<ReleaseStatus | undefined>
  /** Instances that take traffic, by version. */
  ready(deployment: string): Promise<Readonly<Record<string, number>>>
  gateway(name: string): Promise<{ readonly deployed: boolean; readonly problem?: string }>
}

export interface Told {
  readonly gateway: 'haproxy' | 'embedded'
  readonly requests: number
  readonly failed: number
  readonly releases: readonly ToldRelease[]
}

export interface ToldRelease {
  readonly to: string
  readonly verdict: string
  /** From the first request that the version got to the verdict. */
  readonly seconds: number
  /** Requests that the version got, and how many of them failed. */
  readonly requests: number
  readonly failed: number
  readonly sentence: string
}

const GATEWAY_PORT = 9050
const VISITS_PER_SECOND = 100
/** The judge learns what is normal before the first release. */
const QUIET_SECONDS = 12
const LOOK_MS = 250
const READY_SECONDS_MAX = 60
const RELEASE_SECONDS_MAX = 240
const SETTLED: ReadonlySet<string> = new Set(['keeping', 'promoted', 'rolled_back', 'aborted', 'failed'])
/** The sentence of these says what goes on. */
const SAYS_ITSELF: ReadonlySet<string> = new Set(['waiting', 'preparing', 'ramping', 'keeping', 'promoted'])
const OVER: ReadonlySet<string> = new Set(['promoted', 'rolled_back', 'aborted', 'failed'])

const CHAPTERS = [
  { file: '2-release-1.1.yml', name: 'shop-web-1.1', title: '2 · Version 1.1 is healthy. Is it promoted?' },
  { file: '3-release-1.2.yml', name: 'shop-web-1.2', title: '3 · Version 1.2 answers 5 % of its requests with an error. Who notices, and when?' },
  { file: '4-release-1.3.yml', name: 'shop-web-1.3', title: '4 · Version 1.3 has no errors, but its slowest requests take twice as long.' },
] as const

export async function tell(api: StoryApi, stage: Stage, gateway: Told['gateway'], folder: string, signal: AbortSignal): Promise<{ told: Told; visitors: Visitors }> {
  stage.chapter('1 · Version 1.0 of the shop: two instances behind a gateway')
  await api.apply(`${folder}/1-shop.yml`)
  await until('version 1.0 is ready', READY_SECONDS_MAX, signal, async () => ((await api.ready('shop'))['web:1.0'] ?? 0) >= 2)
  await until('the gateway answers', READY_SECONDS_MAX, signal, () => gatewayAnswers(api))
  stage.say(`web:1.0 runs as 2 instances; http://127.0.0.1:${GATEWAY_PORT} leads to it through ${gateway === 'haproxy' ? 'HAProxy' : 'the embedded proxy'}.`)
  const visitors = startVisitors({ host: '127.0.0.1', port: GATEWAY_PORT, perSecond: VISITS_PER_SECOND })
  try {
    stage.say(`${VISITS_PER_SECOND} visitors a second arrive.`)
    await watch(QUIET_SECONDS, signal, () => stage.live(visitsLine(visitors.visits)))
    const releases = await releaseAll(api, stage, visitors, folder, signal)
    const { requests, failed } = visitors.visits
    return { told: { gateway, requests, failed, releases }, visitors }
  } catch (error) {
    await visitors.stop()
    throw error
  }
}

async function releaseAll(api: StoryApi, stage: Stage, visitors: Visitors, folder: string, signal: AbortSignal): Promise<ToldRelease[]> {
  const releases: ToldRelease[] = []
  for (const { file, name, title } of CHAPTERS) {
    stage.chapter(title)
    await api.apply(`${folder}/${file}`)
    const status = await follow(api, stage, visitors, name, signal)
    conclude(stage, status)
    await until(`release ${name} is over`, RELEASE_SECONDS_MAX, signal, async () => OVER.has((await api.release(name))?.phase ?? ''))
    releases.push(toldOf(status, visitors.visits))
  }
  return releases
}

/** Follows a release to its verdict, telling each change of weight with its reason. */
async function follow(api: StoryApi, stage: Stage, visitors: Visitors, name: string, signal: AbortSignal): Promise<ReleaseStatus> {
  let phase = ''
  let status: ReleaseStatus | undefined
  await until(`release ${name} is decided`, RELEASE_SECONDS_MAX, signal, async () => {
    status = await api.release(name)
    if (!status) return false
    // Why it went back is told with the verdict.
    if (status.phase !== phase && (status.verdict ?? 'promoted') === 'promoted') stage.say(goingOn(status))
    phase = status.phase
    stage.live(`${status.to} has ${status.weight} % · evidence of harm ${odds(status.harm)} · ${status.requests.canary} requests, ${status.failed.canary} failed · ${visitsLine(visitors.visits)}`)
    return status.verdict !== undefined && (SETTLED.has(status.phase) || status.phase === 'rolling_back')
  }, () => status === undefined ? '' : `. It says: ${status.sentence} Next: ${status.next} A machine that is busy with other things gives little evidence in that time; the log of the server may tell more`)
  if (!status) throw new Error(`release ${name} vanished`)
  return status
}

function goingOn({ phase, sentence, next }: ReleaseStatus): string {
  // Its sentence is that of the promotion already, which is told when it has happened.
  if (phase === 'hold_back') return `${PHASE_LABELS[phase]}: ${next}`
  return SAYS_ITSELF.has(phase) ? sentence : `${PHASE_LABELS[phase]}: ${sentence}`
}

function conclude(stage: Stage, status: ReleaseStatus): void {
  stage.say(`${status.verdict === 'promoted' ? '✔ promoted' : `✘ ${status.verdict?.replace('_', ' ')}`} after ${secondsOf(status)} s and ${status.requests.canary} requests to ${status.to}, ${status.failed.canary} of which failed.`)
  if (status.verdict !== 'promoted') stage.say(status.sentence)
}

/** Requests and failures as the visitors met them: also those that were under way when the verdict fell. */
function toldOf(status: ReleaseStatus, { byVersion }: Visits): ToldRelease {
  const { requests, failed } = byVersion[status.to.slice(status.to.indexOf(':') + 1)] ?? { requests: 0, failed: 0 }
  return { to: status.to, verdict: status.verdict ?? status.phase, seconds: secondsOf(status), requests, failed, sentence: status.sentence }
}

function secondsOf(status: ReleaseStatus): number {
  if (!status.started || !status.ended) return 0
  return Math.round((Date.parse(status.ended) - Date.parse(status.started)) / 100) / 10
}

const odds = (harm: number) => harm < 1.5 ? 'none' : `${Math.round(harm)} to 1`
const visitsLine = (visits: Visits) => `${visits.requests} visits, ${visits.failed} failed`

/** A port that somebody else has will not become ours by waiting. */
async function gatewayAnswers(api: StoryApi): Promise<boolean> {
  const { deployed, problem } = await api.gateway(`shop/${GATEWAY_PORT}`)
  if (problem !== undefined) throw new Error(`the gateway cannot listen on port ${GATEWAY_PORT}: ${problem}. End what holds the port, then start the demonstration again`)
  return deployed && fetch(`http://127.0.0.1:${GATEWAY_PORT}/`).then(response => response.ok && response.headers.has('x-shop-version'), () => false)
}

async function watch(seconds: number, signal: AbortSignal, look: () => void): Promise<void> {
  for (let left = (seconds * 1000) / LOOK_MS; left > 0; left--) {
    look()
    await pause(LOOK_MS, signal)
  }
}

/** `why`: what is known of it when it has taken too long. */
async function until(what: string, secondsMax: number, signal: AbortSignal, holds: () => Promise<boolean>, why: () => string = () => ''): Promise<void> {
  const deadline = performance.now() + secondsMax * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${secondsMax} s went by and it is not so that ${what}${why()}`)
    await pause(LOOK_MS, signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => { clearTimeout(timer); reject(signal.reason) }
    const timer = setTimeout(() => { signal.removeEventListener('abort', stop); resolve() }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
