import { parseCpu, parseMemory } from '../quantity.ts'
import type { Reference } from '../reference.ts'
import type { Scale } from '../scale.ts'
import type { Cursor, Fields } from './cursor.ts'
import { type Header, readAnonymousHeader, readHeader } from './header.ts'
import { readCount } from './quantity.ts'
import { readWeakReference } from './reference.ts'

export function readScale(fields: Fields): Scale {
  return readSize(fields, readHeader(fields, 'scales'))
}

export function readScaleReference(cursor: Cursor): Reference<Scale> {
  return readWeakReference(cursor, 'scales', fields => readSize(fields, readAnonymousHeader(fields, 'scales')))
}

function readSize(fields: Fields, header: Header<'scales'>): Scale {
  const cpu = fields.required('cpu')?.parsed(parseCores, 'a number of cores such as 0.5 or 500m', 0) ?? 0
  const memory = fields.required('memory')?.parsed(parseMemory, 'an amount with a unit such as 64MB', 0) ?? 0
  const instances = fields.optional('instances')
  const warm = fields.optional('warm')
  return { ...header, cpu, memory, instances: instances ? readCount(instances) : 1, ...(warm ? { warm: readCount(warm) } : {}) }
}

function parseCores(text: string): number | undefined {
  const cores = parseCpu(text)
  return cores !== undefined && cores >= 0 ? cores : undefined
}
