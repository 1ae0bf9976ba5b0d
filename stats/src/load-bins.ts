/**
 * What was measured at which load, for the model of a queue: of each load its newest blocks, and how far they may be trusted now.
 *
 * A load that was measured earlier tells of now only as far as the work is the same. Whether it is, the quickest requests tell, which
 * hardly anybody had to wait for: what changes them by more than waiting can is other work.
 */
import { countOf, millisecondsOf, type SketchData } from './sketch.ts'
import type { Measured } from './queue-fit.ts'

/** Some seconds with the same number of instances. */
export interface Block {
  /** Seconds, of any clock. */
  readonly at: number
  /** Requests per second and instance. */
  readonly rate: number
  /** Squared coefficient of variation of the times between arrivals. */
  readonly arrivals: number
  readonly requests: number
  readonly meanMs: number
  /** Of the quickest tenth. */
  readonly quickMs: number
  readonly late: number
  readonly latency: SketchData
  /** Of a second or two only. */
  readonly brief: boolean
}

export interface Load extends Measured {
  readonly at: number
  /** Of its requests that were late, the newest more than the others. */
  readonly share: number
  /** It lasted. */
  readonly settled: boolean
  readonly brief: boolean
  /** It was measured not long ago. */
  readonly current: boolean
  /** The work was the same as now. */
  readonly same: boolean
  /** `rate`: of the newest three blocks; the others: of all that are kept. */
  readonly lately: { readonly rate: number; readonly requests: number; readonly late: number; readonly share: number }
}

export interface LoadBins {
  keep(block: Block): void
  /** By rate; brief ones only where there is nothing better. */
  loads(now: number): readonly Load[]
}

/** Loads within this factor count as one. */
const BIN = 1.15
const HALF_LIFE_SECONDS = 4 * 3600
/** Requests of a load that are worth looking at. */
const WEIGHT_MIN = 20
/** Of a load so many blocks are kept, and so many it takes to say that it lasted. */
const BLOCKS_KEPT = 25
const BLOCKS_MIN = 3
/** Those tell what is given to an instance lately, no longer than so. */
const BLOCKS_LATELY = 3
const LATELY_SECONDS = 120
/** Blocks of one load are from no longer than this. */
const FRESH_SECONDS = 300
/** What is unknown of a mean latency beside chance: of the work, which is never quite the same, at once and more with each second. */
export const WORK_ERROR = 0.02
const AGING = 0.000005
/** Of what waiting adds to the logarithm of the mean, the quickest tenth has about so much (simulated: 0.5 to 0.65). */
const WAITING_OF_QUICK = 0.6
/** What differs by less may be chance. */
const SAME_WORK = 0.06

interface Bin { weight: number; late: number; at: number; blocks: readonly Block[] }

export function openLoadBins(): LoadBins {
  const bins = new Map<number, Bin>()
  let lately: readonly Block[] = []
  return {
    keep(block) {
      const { at, rate, requests, late } = block
      lately = [...lately.filter(each => at - each.at < LATELY_SECONDS), block].slice(-BLOCKS_LATELY)
      const key = Math.round(Math.log(rate) / Math.log(BIN))
      const before = bins.get(key) ?? { weight: 0, late: 0, at, blocks: [] }
      const kept = 0.5 ** ((at - before.at) / HALF_LIFE_SECONDS)
      const blocks = before.blocks.filter(each => at - each.at < FRESH_SECONDS && (!each.brief || block.brief))
      bins.set(key, { weight: before.weight * kept + requests, late: before.late * kept + late, at, blocks: [...blocks, block].slice(-BLOCKS_KEPT) })
    },
    loads(now) {
      const present = { meanMs: meanOf(lately, ({ meanMs }) => meanMs), quickMs: meanOf(lately, ({ quickMs }) => quickMs) }
      const all = [...bins.values()].map(bin => loadOf(bin, now, present)).filter(({ weight }) => weight >= WEIGHT_MIN).toSorted((a, b) => a.rate - b.rate)
      return all.some(({ settled }) => settled) ? all.filter(({ brief }) => !brief) : all
    },
  }
}

type Pace = Pick<Block, 'meanMs' | 'quickMs'>

function loadOf({ weight, late, at, blocks }: Bin, now: number, present: Pace): Load {
  const requests = blocks.reduce((sum, block) => sum + block.requests, 0)
  const meanMs = meanOf(blocks, block => block.meanMs)
  const scatter = Math.sqrt(blocks.reduce((sum, block) => sum + (block.meanMs / meanMs - 1) ** 2, 0) / Math.max(1, blocks.length - 1) / blocks.length)
  const newestLate = blocks.reduce((sum, block) => sum + block.late, 0)
  const brief = blocks.every(block => block.brief)
  const settled = !brief && blocks.length >= BLOCKS_MIN
  const other = otherWork(present, { meanMs, quickMs: meanOf(blocks, ({ quickMs }) => quickMs) })
  return {
    at, meanMs, brief, settled, weight: weight * 0.5 ** ((now - at) / HALF_LIFE_SECONDS), rate: meanOf(blocks, ({ rate }) => rate), arrivals: meanOf(blocks, ({ arrivals }) => arrivals),
    unsure: Math.hypot(WORK_ERROR, AGING * (now - at), settled ? scatter : 1 / Math.sqrt(requests), other),
    latencies: blocks.map(({ latency }) => latency), share: late / weight, current: now - at < FRESH_SECONDS, same: other <= SAME_WORK,
    lately: { rate: meanOf(blocks.slice(-BLOCKS_LATELY), ({ rate }) => rate), requests, late: newestLate, share: newestLate / requests },
  }
}

function meanOf(blocks: readonly Block[], of: (block: Block) => number): number {
  return blocks.reduce((sum, block) => sum + of(block) * block.requests, 0) / blocks.reduce((sum, { requests }) => sum + requests, 0)
}

/** By how much the work was other than now, as a logarithm: how much the quickest differ beyond what waiting explains. */
function otherWork(now: Pace, then: Pace): number {
  const [all, quick] = [Math.abs(Math.log(now.meanMs / then.meanMs)), Math.abs(Math.log(now.quickMs / then.quickMs))]
  return Number.isFinite(all) && Number.isFinite(quick) ? Math.max(0, quick - WAITING_OF_QUICK * all) / (1 - WAITING_OF_QUICK) : 0
}

export function meanOfQuickest(latency: SketchData, share = 0.1): number {
  const wanted = share * countOf(latency)
  let [left, sum] = [wanted, 0]
  for (const [bucket, count] of latency) {
    const taken = Math.min(left, count)
    sum += taken * millisecondsOf(bucket)
    left -= taken
    if (left <= 0) break
  }
  return sum / wanted
}
