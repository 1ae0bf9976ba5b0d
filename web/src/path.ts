/** Every address of the site; nothing else makes one. */

const segment = encodeURIComponent
/** Names of gateways have slashes that stay. */
const segments = (name: string) => name.split('/').map(segment).join('/')

export const path = {
  overview: () => '/',
  releases: () => '/releases',
  newRelease: (place?: { readonly deployment: string; readonly cluster: string }) =>
    place ? `/releases/new?deployment=${segment(place.deployment)}&cluster=${segment(place.cluster)}` : '/releases/new',
  release: (name: string) => `/releases/${segment(name)}`,
  deployments: () => '/deployments',
  deployment: (name: string) => `/deployments/${segment(name)}`,
  logs: ({ deployment, cluster, service }: { readonly deployment: string; readonly cluster: string; readonly service: string }) =>
    `/deployments/${segment(deployment)}/logs/${segment(cluster)}/${segment(service)}`,
  autoscalers: () => '/autoscalers',
  autoscaler: (name: string) => `/autoscalers/${segment(name)}`,
  slas: () => '/slas',
  scales: () => '/scales',
  workflows: () => '/workflows',
  workflow: (name: string) => `/workflows/${segment(name)}`,
  gateways: () => '/gateways',
  gateway: (name: string) => `/gateways/${segments(name)}`,
  events: (filter: { readonly tag?: string; readonly type?: string } = {}) => {
    const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== undefined && value !== '')).toString()
    return query ? `/events?${query}` : '/events'
  },
  artifacts: (kind = 'blueprints') => `/artifacts/${segment(kind)}`,
  artifact: (kind: string, name: string) => `/artifacts/${segment(kind)}/${segment(name)}`,
  newArtifact: (kind: string) => `/artifacts/${segment(kind)}?new=`,
  tokens: () => '/tokens',
  settings: () => '/settings',
  info: () => '/info',
}
