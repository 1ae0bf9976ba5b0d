/** Images on their way to the engine: each is fetched once however many instances wait for it, and tells how far it is. */
import type { Logger } from '@vamp/agent/base/log'
import { Fault } from '@vamp/model/fault'
import { type DockerClient, jsonLines } from './docker-client.ts'

/** So often it is told at most: each telling is a change of a deployment's status. */
const STEP_PERCENT = 10

export interface ImagePulls {
  /** `told` is called when `progress` says something new. Throws `Fault('image_not_found')`, or `Fault('container_failed')` for what may work later. */
  pull(image: string, told: () => void, signal?: AbortSignal): Promise<void>
  /** `image shop:1 is being pulled: 40 %` */
  progress(image: string): string | undefined
}

interface Layer { readonly current: number; readonly total: number }
interface Line { readonly id?: string; readonly status?: string; readonly error?: string; readonly progressDetail?: { readonly current?: number; readonly total?: number } }
interface Pull { readonly done: Promise<void>; readonly listeners: Set<() => void>; percent: number | undefined }

export function openImagePulls({ client, log, credentials }: { readonly client: DockerClient; readonly log: Logger; readonly credentials?: ((image: string) => Promise<string | undefined>) | undefined }): ImagePulls {
  const pulls = new Map<string, Pull>()

  const fetchImage = async (image: string, tell: (percent: number) => void, signal?: AbortSignal) => {
    log.info('image is being pulled', { image })
    const named = /[:@]/.test(image.slice(image.lastIndexOf('/') + 1)) ? image : `${image}:latest`
    const layers = new Map<string, Layer>()
    try {
      const auth = await credentials?.(named)
      const stream = await client.stream('POST', '/images/create', { query: { fromImage: named }, signal, ...(auth === undefined ? {} : { headers: { 'x-registry-auth': auth } }) })
      for await (const line of jsonLines<Line>(stream)) {
        if (line.error) throw new Fault('image_not_found', line.error, { image })
        if (note(layers, line)) tell(percentOf(layers))
      }
    } catch (cause) {
      if (signal?.aborted) throw cause
      throw faultOf(image, cause)
    }
    log.info('image was pulled', { image })
  }

  return {
    async pull(image, told, signal) {
      const running = pulls.get(image)
      if (running) {
        running.listeners.add(told)
        return await running.done
      }
      const listeners = new Set([told])
      const tell = (percent: number) => {
        const step = Math.floor(percent / STEP_PERCENT) * STEP_PERCENT
        if (pull.percent === step) return
        pull.percent = step
        for (const listener of listeners) listener()
      }
      const done = fetchImage(image, tell, signal).finally(() => pulls.delete(image))
      const pull: Pull = { done, listeners, percent: undefined }
      pulls.set(image, pull)
      told()
      await done
    },
    progress(image) {
      const pull = pulls.get(image)
      return pull && `image ${image} is being pulled${pull.percent === undefined ? '' : `: ${pull.percent} %`}`
    },
  }
}

/** Whether it changed anything. */
function note(layers: Map<string, Layer>, { id, status, progressDetail }: Line): boolean {
  if (id === undefined) return false
  const before = layers.get(id)
  const { current, total } = progressDetail ?? {}
  if (status === 'Downloading' && current !== undefined && total) layers.set(id, { current, total })
  else if (status === 'Pull complete' || status === 'Download complete') layers.set(id, before ? { current: before.total, total: before.total } : { current: 1, total: 1 })
  else if (!before && status === 'Pulling fs layer') layers.set(id, { current: 0, total: 1 })
  else return false
  return true
}

function percentOf(layers: ReadonlyMap<string, Layer>): number {
  const all = [...layers.values()]
  return 100 * all.reduce((sum, { current }) => sum + current, 0) / Math.max(1, all.reduce((sum, { total }) => sum + total, 0))
}

/** A registry that does not answer may do so later; one that has no such image, or does not know us, will not. */
function faultOf(image: string, cause: unknown): Fault {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (/unauthorized|authentication required|no basic auth/i.test(message))
    return new Fault('image_not_found', `image ${image} is not given to us: ${message}; sign in with docker login, or name the file of its credentials with --registry-config`, { image }, { cause })
  if (/not found|manifest unknown|denied|no such image|invalid reference/i.test(message))
    return new Fault('image_not_found', `image not found: ${image} (${message})`, { image }, { cause })
  return new Fault('container_failed', `image ${image} cannot be pulled: ${message}`, { image }, { cause })
}
