/**
 * Pure: on which of several engines an instance goes. First as few instances of the same service as possible share the value of the label
 * that is spread by; then the engine that is left with least (best fit), so that large instances still find room elsewhere. Of
 * what instances were promised, not of what they use: what was promised may be used at once.
 */
export interface Room {
  readonly name: string
  readonly cpu: number
  /** Megabytes. */
  readonly memory: number
  readonly labels: Readonly<Record<string, string>>
  /** What is there already, or on its way. */
  readonly placed: readonly Placed[]
  /** Why it gets nothing, if it gets nothing: it does not answer. */
  readonly closed?: string
}

export interface Placed { readonly deployment: string; readonly cluster: string; readonly service: string; readonly cpu: number; readonly memory: number }

export type Placement = { readonly is: 'placed'; readonly on: string } | { readonly is: 'no_room'; readonly sentence: string }

/** Sums of decimal fractions. */
const ROUNDING = 1e-9

export function place(wanted: Placed, rooms: readonly Room[], spreadBy: string | undefined): Placement {
  const fitting = rooms.filter(room => room.closed === undefined && fits(wanted, room))
  if (fitting.length === 0) return { is: 'no_room', sentence: `no engine has room for ${wanted.deployment}/${wanted.cluster}/${wanted.service} (${cores(wanted.cpu)}, ${Math.round(wanted.memory)} MB): ${rooms.map(whyNot).join('; ')}` }
  const [best] = fitting.toSorted((a, b) => crowd(wanted, a, rooms, spreadBy) - crowd(wanted, b, rooms, spreadBy) || spare(wanted, a) - spare(wanted, b) || (a.name < b.name ? -1 : 1))
  return { is: 'placed', on: best?.name ?? '' }
}

function left({ cpu, memory, placed }: Room): { readonly cpu: number; readonly memory: number } {
  return { cpu: cpu - placed.reduce((sum, each) => sum + each.cpu, 0), memory: memory - placed.reduce((sum, each) => sum + each.memory, 0) }
}

function fits(wanted: Placed, room: Room): boolean {
  const { cpu, memory } = left(room)
  return wanted.cpu <= cpu + ROUNDING && wanted.memory <= memory + ROUNDING
}

/** Instances of the same service where the label says the same; none is spread where no label is named. */
function crowd(wanted: Placed, room: Room, rooms: readonly Room[], spreadBy: string | undefined): number {
  if (spreadBy === undefined) return 0
  const same = rooms.filter(other => other === room || (room.labels[spreadBy] !== undefined && other.labels[spreadBy] === room.labels[spreadBy]))
  return same.flatMap(({ placed }) => placed).filter(each => each.deployment === wanted.deployment && each.cluster === wanted.cluster && each.service === wanted.service).length
}

/** The larger share that would be left, of cores or of memory. */
function spare(wanted: Placed, room: Room): number {
  const { cpu, memory } = left(room)
  return Math.max((cpu - wanted.cpu) / room.cpu, (memory - wanted.memory) / room.memory)
}

function whyNot(room: Room): string {
  if (room.closed !== undefined) return `${room.name} ${room.closed}`
  const { cpu, memory } = left(room)
  return `${room.name} has ${cores(cpu)} and ${Math.max(0, Math.round(memory))} MB left`
}

const cores = (cpu: number) => `${Number(Math.max(0, cpu).toFixed(2))} cores`
