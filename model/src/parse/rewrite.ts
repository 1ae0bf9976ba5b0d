import type { Rewrite } from '../gateway.ts'
import type { Reference } from '../reference.ts'
import type { Cursor, Fields } from './cursor.ts'
import { type Header, readAnonymousHeader, readHeader } from './header.ts'
import { readWeakReference } from './reference.ts'

export function readRewrite(fields: Fields): Rewrite {
  return readPath(fields, readHeader(fields, 'rewrites'))
}

export function readRewriteReference(cursor: Cursor): Reference<Rewrite> {
  return readWeakReference(cursor, 'rewrites', fields => readPath(fields, readAnonymousHeader(fields, 'rewrites')))
}

/** `/new if path_beg /old`: the last ` if ` splits. */
function readPath(fields: Fields, header: Header<'rewrites'>): Rewrite {
  const cursor = fields.required('path')
  const path = cursor?.text() ?? ''
  if (cursor?.isScalar && !/^\s*\S.*\sif\s+\S/is.test(path)) cursor.report('UnsupportedPathRewriteError', `Unsupported path rewrite: '${path}'.`, 'write NEW_PATH if CONDITION')
  return { ...header, path }
}
