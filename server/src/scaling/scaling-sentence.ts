/** Why a version has the size it has, in words. */
import type { ScalingLimit, ServiceScaling } from '@vamp/model/autoscaler-status'
import type { Reading } from './need.ts'

type Said = Pick<ServiceScaling, 'instances' | 'wanted' | 'granted' | 'limits' | 'frozen' | 'forecast' | 'minimum'>

/** `7 instances because 412 requests/s at 62 per instance; wanted 8, limited by maximum 7.` */
export function scalingSentence(said: Said, readings: readonly Reading[]): string {
  const size = count(said.granted)
  if (said.frozen !== undefined) return `${size}, unchanged because ${said.frozen}: nothing is given up on silence.`
  const because = reason(said, readings)
  const limits = said.limits.map(limit)
  const held = said.wanted === said.granted ? '' : `; wanted ${said.wanted}${limits.length > 0 ? `, ${limits.join(', ')}` : ''}`
  return `${size}${because === '' ? '' : ` because ${because}`}${held}.`
}

function reason({ wanted, forecast, minimum }: Said, readings: readonly Reading[]): string {
  const deciding = readings.reduce<Reading | undefined>((most, each) => (each.wanted ?? -1) > (most?.wanted ?? -1) ? each : most, undefined)
  if (forecast?.trusted && (wanted > (deciding?.wanted ?? 0) || (deciding !== undefined && isForeseen(deciding, wanted)))) return `${number(forecast.expected)} requests/s are expected, ${number(forecast.upper)} with head-room for what the forecast errs by,${perInstance(readings)}`
  if (!deciding) return readings.length === 0 ? `the schedule says at least ${minimum}` : ''
  if (deciding.value === null || (deciding.value === 0 && deciding.wanted === 0)) return 'nobody asks for anything'
  const said = `${number(deciding.value)} ${deciding.unit || deciding.signal}`
  const target = deciding.target === null ? '' : deciding.perInstance === undefined && isLevel(deciding) ? `, where ${number(deciding.target)} are aimed at` : ` at ${number(deciding.target)} per instance`
  return `${said}${target}${deciding.because === undefined ? '' : ` (${deciding.because})`}`
}

/** What there is now would need fewer. */
const isForeseen = ({ foreseen, value, perInstance }: Reading, wanted: number) => foreseen !== undefined && perInstance !== undefined && Math.ceil((value ?? 0) / perInstance) < wanted

const isLevel = ({ unit }: Reading) => unit === 'ms' || unit === '%'

function perInstance(readings: readonly Reading[]): string {
  const known = readings.find(reading => reading.perInstance !== undefined)?.perInstance
  return known === undefined ? '' : ` at ${number(known)} per instance`
}

function limit(given: ScalingLimit): string {
  switch (given.is) {
    case 'minimum': case 'maximum': return `limited by ${given.is} ${given.value}`
    case 'pool': return `limited by the pool: ${given.value} slots for it`
    case 'max_step': return `at most ${given.value} at once`
    case 'stabilisation': return `waiting ${given.seconds} s more before giving any up`
    case 'cooldown': return `waiting ${given.seconds} s since the last one was given up`
    case 'draining': return 'waiting for one that is draining'
    case 'starting': return 'waiting for those that are starting'
    case 'release': return 'kept for the release'
    default: return given satisfies never
  }
}

const count = (instances: number) => `${instances} ${instances === 1 ? 'instance' : 'instances'}`
const number = (value: number) => value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(2)))
