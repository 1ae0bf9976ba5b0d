/** A pushed image becomes a breed and a release, written as a person's `PUT` would write them. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type ImagePushAnswer, imagePushes } from '@vamp/model/api/image-pushes'
import type { Breed } from '@vamp/model/breed'
import type { Deployment, DeploymentCluster } from '@vamp/model/deployment'
import { Fault } from '@vamp/model/fault'
import { imagePushPolicy, type ImagePushPolicy, type PushedImage, readPushes, wants } from '@vamp/model/image-push'
import { artifactOf } from '@vamp/model/parse/document'
import { may } from '../auth/identity.ts'
import type { Draft } from './draft.ts'
import { accepted } from './refused.ts'
import { putRelease } from './releases.ts'
import { type Call, type Reply, type Route, route, value } from './route.ts'
import type { World } from './world.ts'
import { write } from './write.ts'

export function imagePushRoutes(world: World): Route[] {
  return [route(imagePushes.tell, call => tell(world, call))]
}

async function tell(world: World, { who, query, body, header }: Call<typeof imagePushes.tell>): Promise<Reply> {
  const known = may(who, 'operator') ? who : { ...who, name: 'registry' }
  if (known !== who && !isSecret(world, query.secret)) throw new Fault('unauthorized', 'Send the token of an operator as "Authorization: Bearer …", or the secret of --image-push-secret as ?secret=….')
  const pushes = readPushes(parsed(body))
  if (!pushes) throw new Fault('invalid', 'This is no notification of Docker Hub, Harbor or a registry of the OCI distribution.', { contentType: header('content-type') })
  const images = pushes.map(({ repository, tag }) => `${repository}:${tag}`)
  const { result } = await write(world, { who: known, expected: 'any', query: {} }, async draft => {
    const answer: ImagePushAnswer = { images, releases: [], skipped: [] }
    for (const deployment of await draft.list('deployments'))
      for (const cluster of deployment.clusters) for (const push of pushes) await consider(world, draft, { deployment, cluster, push, answer })
    return answer
  })
  // Workflows may do something else with it.
  await world.events.append(pushes.map(({ repository, tag }) => ({ type: 'image', tags: ['image:pushed', `images:${repository}`], value: { image: `${repository}:${tag}`, repository, tag } })))
  return value(result)
}

interface Considered { readonly deployment: Deployment; readonly cluster: DeploymentCluster; readonly push: PushedImage; readonly answer: ImagePushAnswer }

async function consider(world: World, draft: Draft, { deployment, cluster, push, answer }: Considered): Promise<void> {
  const policy = imagePushPolicy(cluster.metadata)
  const place = `${deployment.name}/${cluster.name}`
  if (policy && 'wrong' in policy) return void answer.skipped.push({ cluster: place, why: policy.wrong })
  if (!policy || !wants(policy, push)) return
  const name = `${deployment.name}-${cluster.name}-${push.tag}`
  const breed = await nextBreed(draft, deployment, cluster, push)
  const why = !breed ? 'nothing runs there that a new version could be of'
    : cluster.services.some(service => service.breed.name === breed.name) ? `${breed.name} runs there already`
    : await draft.get('releases', name) ? `the release ${name} is there already` : undefined
  if (why !== undefined || !breed) return void answer.skipped.push({ cluster: place, why: why ?? '' })
  const release = accepted(artifactOf('releases', releaseFields(policy, name, deployment, cluster, breed)))
  await draft.put('breeds', breed, 'any')
  await putRelease(world, draft, release, 'absent', '')
  answer.releases.push(name)
}

function releaseFields({ release }: ImagePushPolicy, name: string, deployment: Deployment, cluster: DeploymentCluster, breed: Breed): object {
  return { ...release, kind: 'releases', name, deployment: deployment.name, cluster: cluster.name, to: breed.name }
}

/** What holds most of the traffic, with the new image, under its name with the new tag. */
async function nextBreed(draft: Draft, deployment: Deployment, cluster: DeploymentCluster, { repository, tag }: PushedImage): Promise<Breed | undefined> {
  const [port] = cluster.gateways
  const gateway = await draft.get('gateways', `${deployment.name}/${cluster.name}/${port?.name ?? ''}`)
  const weightOf = ({ breed }: DeploymentCluster['services'][number]) => {
    const settings = gateway?.routes.find(({ path }) => path.split('/')[2] === breed.name)?.settings
    return settings?.is === 'inline' ? settings.value.weight ?? 0 : 0
  }
  const [service] = cluster.services.filter(({ intention }) => intention === 'Deployment').toSorted((a, b) => weightOf(b) - weightOf(a))
  return service && { ...service.breed, name: `${service.breed.name.replace(/:[^:]*$/, '')}:${tag}`, deployable: { ...service.breed.deployable, definition: `${repository}:${tag}` } }
}

function isSecret({ config }: World, given: string | undefined): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return config.imagePushSecret !== undefined && given !== undefined && timingSafeEqual(digest(given), digest(config.imagePushSecret))
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
