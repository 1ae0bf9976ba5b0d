/**
 * Begins a release when a new image is pushed: the registry's webhook becomes an event, and the event a canary of the service that runs the image.
 *
 * schedule: {"event": ["image:pushed"]}
 * DEPLOYMENT?=                        only services of this deployment
 * TAGS=.*                             regular expression of image tags that are released
 * CONFIDENCE=99%                      of the release
 */
import { vamp } from '@vamp/client/workflow'

const pushed = vamp.event?.value as { readonly image?: string; readonly repository?: string; readonly tag?: string } | undefined
const [repository = '', tag = ''] = pushed?.image ? splitImage(pushed.image) : [pushed?.repository ?? '', pushed?.tag ?? '']
function splitImage(image: string): [string, string] {
  const colon = image.lastIndexOf(':')
  return colon > image.lastIndexOf('/') ? [image.slice(0, colon), image.slice(colon + 1)] : [image, 'latest']
}
const started: string[] = []

if (!new RegExp(`^(${vamp.env['TAGS']})$`).test(tag)) vamp.log(`${repository}:${tag} is not released: TAGS is ${vamp.env['TAGS']}`)
else for (const { name, clusters } of (await vamp.deployments.list()).filter(deployment => !vamp.env['DEPLOYMENT'] || deployment.name === vamp.env['DEPLOYMENT'])) {
  for (const [cluster, { services }] of Object.entries(clusters)) for (const { breed } of services) {
    const { definition = '', type } = (breed['deployable'] ?? {}) as { definition?: string; type?: string }
    const [running, version] = splitImage(definition)
    // The registry's own name may or may not be part of what was pushed.
    if ((running !== repository && !running.endsWith(`/${repository}`)) || version === tag || services.some(other => other.breed.name === `${breed.name.split(':')[0]}:${tag}`)) continue
    const next = `${breed.name.split(':')[0]}:${tag}`
    const { name: _, kind: __, metadata: ___, deployable: ____, ...rest } = breed
    await vamp.artifacts.put('breeds', next, { ...rest, name: next, deployable: { ...(type === undefined ? {} : { type }), definition: `${running}:${tag}` } })
    // The same name whenever this event is handed out again: begun once.
    const release = `${name}-${cluster}-${tag}`.replaceAll(/[^A-Za-z0-9_.-]/g, '-')
    await vamp.releases.start(release, { deployment: name, cluster, to: next, confidence: vamp.env['CONFIDENCE'] })
    vamp.log(`${repository}:${tag} was pushed: release ${release} begins`)
    started.push(release)
  }
}
export default started
