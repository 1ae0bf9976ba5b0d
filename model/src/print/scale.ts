import { printMemory } from '../quantity.ts'
import type { Scale } from '../scale.ts'
import { type Json, printHeader } from './fields.ts'

export function printScale(scale: Scale): Json {
  const { name, kind, ...header } = printHeader(scale)
  const size = { cpu: scale.cpu, memory: printMemory(scale.memory), instances: scale.instances, ...(scale.warm === undefined ? {} : { warm: scale.warm }) }
  if (name !== undefined) return { name, kind, ...header, ...size }
  return Object.keys(scale.metadata).length > 0 ? { ...header, ...size } : size
}
