/** `vamp traffic http://127.0.0.1:9050/ --rate 100`: visitors for a first try. An open loop: a slow service gets no fewer requests. */
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'

export interface TrafficFlags { readonly rate: string; readonly seconds?: string }

const TICK_MS = 20
const TELL_MS = 1000
/** More unanswered requests than this are not sent; the service has other troubles then. */
const WAITING_MAX = 2000
const ANSWER_MS_MAX = 10_000

export async function traffic(io: Io, url: string, { rate: given, seconds }: TrafficFlags): Promise<number> {
  const rate = Number(given)
  if (!(rate > 0 && rate <= 10_000)) throw new CommandFailure(EXIT.usage, `--rate ${given} is no number of requests per second up to 10000`)
  if (!URL.canParse(url)) throw new CommandFailure(EXIT.usage, `'${url}' is no address; write http://127.0.0.1:9050/`)
  const started = io.now()
  const end = seconds === undefined ? Number.POSITIVE_INFINITY : started + Number(seconds) * 1000
  const counts = { sent: 0, answered: 0, failed: 0, waiting: 0, skipped: 0 }
  const visit = async () => {
    counts.waiting++
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
      await response.arrayBuffer()
      if (response.status >= 500) counts.failed++
    } catch {
      counts.failed++
    }
    counts.answered++
    counts.waiting--
  }
  let told = started
  for (let now = started; now < end && !io.signal.aborted; now = io.now()) {
    for (const due = Math.floor(((now - started) / 1000) * rate); counts.sent < due; counts.sent++) {
      if (counts.waiting < WAITING_MAX) void visit()
      else counts.skipped++
    }
    if (now - told >= TELL_MS) { told = now; io.out(`${io.terminal ? '\r\x1b[K' : ''}${line(counts)}${io.terminal ? '' : '\n'}`) }
    await io.sleep(TICK_MS)
  }
  while (counts.waiting > 0 && !io.signal.aborted) await io.sleep(TICK_MS)
  io.out(`${io.terminal ? '\r\x1b[K' : ''}${line(counts)}\n`)
  return EXIT.ok
}

function line({ answered, failed, waiting, skipped }: { readonly answered: number; readonly failed: number; readonly waiting: number; readonly skipped: number }): string {
  return `${answered} requests answered, ${failed} failed, ${waiting} under way${skipped > 0 ? `, ${skipped} not sent` : ''}`
}
