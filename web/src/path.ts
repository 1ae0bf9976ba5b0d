/** Every address of the site; nothing else makes one. */

const segment = encodeURIComponent
/** Names of gateways have slashes that stay. */
const segments = (name: string) => name.split('/').map(segment).join('/')

export interface ClusterPlace { readonly deployment: string; readonly cluster: string }
export interface ServicePlace extends ClusterPlace { readonly service: string }

export const path = {
  overview: () => '/',
  releases: () => '/releases',
  newRelease: (place?: ClusterPlace) =>
    place ? `/releases/new?deployment=${segment(place.deployment)}&cluster=${segment(place.cluster)}` : '/releases/new',
  release: (name: string) => `/releases/${segment(name)}`,
  deployments: () => '/deployments',
  deployment: (name: string) => `/deployments/${segment(name)}`,
  deploymentGraph: () => '/deployments?view=graph',
  cluster: ({ deployment, cluster }: ClusterPlace) => `/deployments/${segment(deployment)}/clusters/${segment(cluster)}`,
  service: ({ service, ...place }: ServicePlace) => `${path.cluster(place)}/services/${segment(service)}`,
  instance: ({ instance, ...place }: ServicePlace & { readonly instance: string }) => `${path.service(place)}/instances/${segment(instance)}`,
  logs: (place: ServicePlace) => `${path.service(place)}/logs`,
  autoscalers: () => '/autoscalers',
  autoscaler: (name: string) => `/autoscalers/${segment(name)}`,
  slas: () => '/slas',
  scales: () => '/scales',
  workflows: () => '/workflows',
  workflow: (name: string) => `/workflows/${segment(name)}`,
  workflowRun: (name: string, run: string) => `/workflows/${segment(name)}/runs/${segment(run)}`,
  workflowScript: (name: string) => `/workflows/${segment(name)}/script`,
  newWorkflow: () => '/workflows/new',
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
