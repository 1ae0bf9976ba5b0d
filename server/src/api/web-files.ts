/**
 * The pages for people, as `npm run build` left them. They are few and small, so they are kept in memory: what is not in the
 * map is not served. Addresses of pages that only the browser knows get the one document there is.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

export const WEB_DIST = join(import.meta.dirname, '../../../web/dist')

interface WebFile {
  readonly bytes: Buffer
  readonly gzip: Buffer | undefined
  readonly type: string
  readonly etag: string
  /** Its name has a hash of its content. */
  readonly immutable: boolean
}

export interface WebFiles {
  /** True if the request was for a page and has been answered. */
  answer(request: FastifyRequest, reply: FastifyReply): Promise<boolean>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.ico': 'image/x-icon', '.json': 'application/json', '.txt': 'text/plain; charset=utf-8',
}
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
/** A page never has this many; it bounds what is read into memory. */
const FILES_MAX = 500

export function openWebFiles(directory: string = WEB_DIST): WebFiles {
  let files: ReadonlyMap<string, WebFile> | undefined
  return {
    async answer(request, reply) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false
      const path = decoded(request.url)
      if (path === undefined || path === '/api' || path.startsWith('/api/')) return false
      files ??= await readFiles(directory)
      const found = files?.get(path)
      const page = wantsPage(path, request.headers.accept)
      if (!found && (!page || path.startsWith('/assets/'))) return false
      send(request, reply, found ?? files?.get('/index.html') ?? unbuilt())
      return true
    },
  }
}

/** A browser says so. Whoever takes anything, as curl does, gets the page at the root alone: elsewhere a program has mistaken the address. */
function wantsPage(path: string, accept = '*/*'): boolean {
  return accept.includes('text/html') || (path === '/' && accept.includes('*/*'))
}

function decoded(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split('?')[0] ?? '')
  } catch {
    return undefined
  }
}

/** Nothing where the pages have not been built; then the next request looks again. */
async function readFiles(directory: string): Promise<ReadonlyMap<string, WebFile> | undefined> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const names = entries.filter(entry => entry.isFile()).slice(0, FILES_MAX).map(entry => join(entry.parentPath, entry.name))
  const files = new Map(await Promise.all(names.map(async name => [name.slice(directory.length).replaceAll('\\', '/'), fileOf(name, await readFile(name))] as const)))
  return files.has('/index.html') ? files : undefined
}

function fileOf(name: string, bytes: Buffer): WebFile {
  const type = TYPES[extname(name)] ?? 'application/octet-stream'
  return {
    bytes, type, gzip: /^text|svg|json/.test(type) ? gzipSync(bytes) : undefined,
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    immutable: name.includes(`${join('/', 'assets', '/')}`),
  }
}

function send(request: FastifyRequest, reply: FastifyReply, { bytes, gzip, type, etag, immutable }: WebFile): void {
  reply.headers({ 'Content-Security-Policy': POLICY, 'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache', ETag: etag, Vary: 'Accept-Encoding' }).removeHeader('Pragma')
  if (request.headers['if-none-match'] === etag) { reply.code(304).send(); return }
  const compressed = gzip && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')) ? gzip : undefined
  if (compressed) reply.header('Content-Encoding', 'gzip')
  reply.code(200).type(type).send(compressed ?? bytes)
}

const unbuilt = (): WebFile => fileOf('index.html', Buffer.from(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Vamp</title></head><body>
<h1>Vamp runs</h1>
<p>Its pages have not been built yet: run <code>npm run build</code> and load this page again.</p>
<p>The API is <a href="/docs">here</a>.</p>
</body></html>
`))
