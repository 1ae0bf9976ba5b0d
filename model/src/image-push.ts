/** What registries tell of images that were pushed, in the three forms that there are; and which of them a cluster wants. */

export interface PushedImage {
  /** Without the tag, with the host of its registry unless that is Docker's own: `registry.example/shop/web`. */
  readonly repository: string
  readonly tag: string
}

/** Below `metadata: {image_push: …}` of a cluster. */
export interface ImagePushPolicy {
  /** As in `PushedImage`. */
  readonly image: string
  /** `*` stands for anything. */
  readonly tags: string
  /** Fields of the release that is begun; the canary's defaults where nothing is said. */
  readonly release: Readonly<Record<string, unknown>>
}

type Json = Readonly<Record<string, unknown>>

/** Docker Hub, Harbor, or a registry of the OCI distribution; nothing for what is none of them. Pushes without a tag, and what is no push, are left out. */
export function readPushes(body: unknown): readonly PushedImage[] | undefined {
  if (!isMap(body)) return undefined
  if (Array.isArray(body['events'])) return body['events'].flatMap(ofDistribution)
  if (isMap(body['push_data']) && isMap(body['repository'])) return ofHub(body['push_data'], body['repository'])
  if (typeof body['type'] === 'string' && isMap(body['event_data'])) return ofHarbor(body['type'], body['event_data'])
  return undefined
}

/** https://distribution.github.io/distribution/about/notifications/ */
function ofDistribution(event: unknown): readonly PushedImage[] {
  if (!isMap(event) || event['action'] !== 'push' || !isMap(event['target'])) return []
  const { repository, tag } = event['target']
  const host = isMap(event['request']) ? event['request']['host'] : undefined
  return pushed(typeof host === 'string' && host !== '' ? `${host}/${String(repository)}` : repository, tag)
}

/** https://docs.docker.com/docker-hub/repos/manage/webhooks/ */
function ofHub(push: Json, repository: Json): readonly PushedImage[] {
  return pushed(repository['repo_name'], push['tag'])
}

/** https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/; `pushImage` is the name of versions before 2. */
function ofHarbor(type: string, data: Json): readonly PushedImage[] {
  if (!/^(PUSH_ARTIFACT|pushImage)$/.test(type) || !Array.isArray(data['resources'])) return []
  return data['resources'].flatMap(resource => {
    if (!isMap(resource)) return []
    const { tag, resource_url: url } = resource
    return typeof url === 'string' && typeof tag === 'string' ? pushed(url.endsWith(`:${tag}`) ? url.slice(0, -tag.length - 1) : url, tag) : []
  })
}

const pushed = (repository: unknown, tag: unknown): readonly PushedImage[] =>
  typeof repository === 'string' && typeof tag === 'string' && repository !== '' && tag !== '' ? [{ repository: plain(repository), tag }] : []

/** The names that Docker's own registry has. */
const plain = (repository: string) => repository.replace(/^(index\.|registry-1\.)?docker\.io\//, '').replace(/^library\//, '')

/** A policy, nothing where there is none, or what is wrong with it. */
export function imagePushPolicy(metadata: Readonly<Record<string, unknown>>): ImagePushPolicy | undefined | { readonly wrong: string } {
  const value = metadata['image_push']
  if (value === undefined) return undefined
  if (!isMap(value) || typeof value['image'] !== 'string') return { wrong: 'image_push needs an image: the name of a repository without a tag' }
  const { image, tags = '*', release = {} } = value
  if (typeof tags !== 'string') return { wrong: 'tags of image_push is a text such as "1.*"' }
  if (!isMap(release)) return { wrong: 'release of image_push is a map of the fields of a release' }
  return { image: plain(image), tags, release }
}

export function wants({ image, tags }: ImagePushPolicy, { repository, tag }: PushedImage): boolean {
  return image === repository && new RegExp(`^${tags.split('*').map(part => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(tag)
}

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
