/**
 * What the API costs beside a bare server of the same HTTP library on the same embedded database, and whether lists grow slow.
 *
 *     npm run bench -- api [--json] [--seconds N] [--rounds N] [--sizes 10,1000,10000]
 *
 * Both servers run as processes of their own and take turns. A rate is the best of its rounds, because whatever else the
 * machine does can only make it smaller; a ratio is ours divided by the bare one's, the worst over all sizes.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { breed, nameOf } from './breed.ts'

const OPERATIONS = ['put', 'get', 'list'] as const
type Operation = (typeof OPERATIONS)[number]
const SIDES = ['ours', 'rival'] as const
type Side = (typeof SIDES)[number]

interface Rates { readonly size: number; readonly rates: Readonly<Record<Operation, Readonly<Record<Side, number>>>> }

interface Load { readonly seconds: number; readonly rounds: number }

const CONNECTIONS = 8
/** As many as the smallest store has, so that all answers are equally long. */
const PER_PAGE = 10
const DOCUMENTS_PER_BODY = 500

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false }, seconds: { type: 'string', default: '1' }, rounds: { type: 'string', default: '5' }, sizes: { type: 'string', default: '10,1000,10000' } } })
  const load = { seconds: Number(values.seconds), rounds: Number(values.rounds) }
  const measured: Rates[] = []
  for (const size of values.sizes.split(',').map(Number)) measured.push(await measure(size, load))
  const summary = {
    ...Object.fromEntries(OPERATIONS.map(operation => [`ratio_${operation}`, round(Math.min(...measured.map(({ rates }) => rates[operation].ours / rates[operation].rival)))])),
    slowdown_10_to_10000: round(Math.max(...(['get', 'list'] as const).map(operation => (measured[0]?.rates[operation].ours ?? 0) / (measured.at(-1)?.rates[operation].ours ?? 0)))),
  }
  if (values.json) { console.log(JSON.stringify({ ...summary, rates: measured.map(({ size, rates }) => ({ size, ...rates })) })); return }
  for (const { size, rates } of measured)
    for (const operation of OPERATIONS) console.log(`${String(size).padStart(6)} stored  ${operation.padEnd(4)} ${rates[operation].ours.toFixed(0).padStart(6)}/s, bare ${rates[operation].rival.toFixed(0).padStart(6)}/s, ratio ${round(rates[operation].ours / rates[operation].rival)}`)
  console.log(JSON.stringify(summary))
}

/** With so many stored, on new databases. What is put comes on top, after everything was read. */
async function measure(size: number, load: Load): Promise<Rates> {
  const servers = { ours: await start('ours'), rival: await start('rival') }
  try {
    for (const side of SIDES) await fill(servers[side].url, size)
    const rates = { get: await compare(load, side => visit(servers[side].url, 'get', size, load.seconds)), list: await compare(load, side => visit(servers[side].url, 'list', size, load.seconds)) }
    const next = { ours: size, rival: size }
    const put = await compare(load, side => visit(servers[side].url, 'put', size, load.seconds, () => next[side]++))
    return { size, rates: { put, ...rates } }
  } finally {
    for (const side of SIDES) servers[side].stop()
  }
}

/** The first round warms both up and is not counted. */
async function compare({ rounds }: Load, visitOnce: (side: Side) => Promise<number>): Promise<Record<Side, number>> {
  const rates: Record<Side, number[]> = { ours: [], rival: [] }
  for (let round = 0; round <= rounds; round++)
    for (const side of SIDES) {
      const rate = await visitOnce(side)
      if (round > 0) rates[side].push(rate)
    }
  return { ours: Math.max(...rates.ours), rival: Math.max(...rates.rival) }
}

/** Requests per second that were answered well. */
async function visit(url: string, operation: Operation, size: number, seconds: number, next = () => 0): Promise<number> {
  let turn = 0
  const request = () => {
    if (operation === 'put') { const index = next(); return { method: 'PUT' as const, path: `/api/v1/breeds/${nameOf(index)}`, body: JSON.stringify(breed(index)) } }
    // Steps through everything without a pattern that a cache of pages would like.
    turn = (turn + 7919) % 1_000_003
    return { method: 'GET' as const, path: operation === 'get' ? `/api/v1/breeds/${nameOf(turn % size)}` : `/api/v1/breeds?per_page=${PER_PAGE}&page=${1 + turn % Math.ceil(size / PER_PAGE)}` }
  }
  const { '2xx': good, non2xx, errors, duration } = await autocannon({
    url, connections: CONNECTIONS, duration: seconds, headers: { 'content-type': 'application/json' },
    requests: [{ setupRequest: given => ({ ...given, ...request() }) }],
  })
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} of ${good + non2xx + errors} requests of ${operation} failed at ${url}`)
  return good / duration
}

async function fill(url: string, size: number): Promise<void> {
  for (let from = 0; from < size; from += DOCUMENTS_PER_BODY) {
    const documents = Array.from({ length: Math.min(DOCUMENTS_PER_BODY, size - from) }, (_, index) => breed(from + index))
    const response = await fetch(`${url}/api/v1`, { method: 'POST', body: JSON.stringify(documents), headers: { 'content-type': 'application/json' } })
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  }
}

async function start(side: Side): Promise<{ readonly url: string; stop(): void }> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-bench-'))
  const process: ChildProcess = fork(join(import.meta.dirname, `${side}.ts`), [directory], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const url = await new Promise<string>((resolve, reject) => { process.once('message', message => resolve(String(message))).once('error', reject).once('exit', code => reject(new Error(`${side} ended with ${code}`))) })
  return {
    url,
    stop() {
      process.removeAllListeners('exit')
      process.disconnect()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const round = (number: number) => Math.round(number * 100) / 100
