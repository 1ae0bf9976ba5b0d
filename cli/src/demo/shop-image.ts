/**
 * The shop as an image, made of what is on this machine: Node.js with the libraries that it is linked to, and the one file of
 * the shop. No registry is asked.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { openDockerClient } from '@vamp/server/container/docker/docker-client'

export const SHOP_IMAGE = 'vamp-shop:1'
/** By which an image is known to be up to date. */
const LABEL = 'io.vamp.shop'
const TAR_BYTES_MAX = 1024 * 1024 * 1024

interface ImageView { readonly Config: { readonly Labels: Readonly<Record<string, string>> | null } }

/** `false` if it was there already. Throws `Fault('container_unavailable')` if no engine answers. */
export async function ensureShopImage(host: string, shop: string): Promise<boolean> {
  await using docker = await openDockerClient({ host })
  const version = createHash('sha256').update(process.version).update(readFileSync(shop)).digest('hex').slice(0, 16)
  const { value } = await docker.call<ImageView | undefined>('GET', `/images/${SHOP_IMAGE}/json`, { accept: [404] })
  if (value?.Config.Labels?.[LABEL] === version) return false
  const [repo = '', tag = ''] = SHOP_IMAGE.split(':')
  const changes = `ENTRYPOINT ["/node", "/shop.ts"]\nLABEL ${LABEL}=${version}`
  const imported = await docker.stream('POST', '/images/create', { query: { fromSrc: '-', repo, tag, changes }, headers: { 'content-type': 'application/x-tar' }, body: fileSystem(shop) })
  for await (const _ of imported) { /* until it is done */ }
  return true
}

/** A tar archive. */
function fileSystem(shop: string): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'vamp-shop-'))
  try {
    for (const [inside, file] of [['/node', process.execPath], ['/shop.ts', shop], ...librariesOf(process.execPath).map(library => [library, library])] as const) {
      mkdirSync(join(root, dirname(inside)), { recursive: true })
      symlinkSync(resolve(file), join(root, inside))
    }
    return execFileSync('tar', ['-C', root, '--dereference', '-c', '.'], { maxBuffer: TAR_BYTES_MAX })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** What the loader would load, and the loader. */
function librariesOf(program: string): string[] {
  return [...execFileSync('ldd', [program]).toString().matchAll(/(\/\S+) \(0x/g)].map(([, file = '']) => file)
}
