/** Every screen there is, in the world that `furnish` makes. */
import type { Page } from 'playwright-core'
import { path } from '../src/path.ts'
import type { Furnished } from './stage.ts'

const web = { deployment: 'shop', cluster: 'web' }
const version = { ...web, service: 'web:1.0' }

/** Some names are the server's choice. */
export const screens = ({ instance, run }: Furnished): Readonly<Record<string, string>> => ({
  overview: path.overview(), events: path.events(), 'events-of': path.events({ tag: 'deployments:shop' }),
  deployments: path.deployments(), 'deployments-graph': path.deploymentGraph(), deployment: path.deployment('shop'),
  cluster: path.cluster(web), service: path.service(version), instance: path.instance({ ...version, instance }), logs: path.logs(version),
  gateways: path.gateways(), gateway: path.gateway('shop/web/http'),
  releases: path.releases(), 'new-release': path.newRelease(web), release: path.release('shop-web-1.1'), 'rolled-back': path.release('shop-web-1.2'), gated: path.release('catalogue-2.4'), experiment: path.release('checkout-which'),
  autoscalers: path.autoscalers(), autoscaler: path.autoscaler('checkout-size'), slas: path.slas(), scales: path.scales(),
  workflows: path.workflows(), workflow: path.workflow('tally'), 'workflow-run': path.workflowRun('tally', run), 'workflow-script': path.workflowScript('tally'), 'new-workflow': path.newWorkflow(), artifacts: path.artifacts(), artifact: path.artifact('blueprints', 'shop'), 'new-artifact': path.newArtifact('blueprints'),
  tokens: path.tokens(), settings: path.settings(), info: path.info(), nowhere: '/nowhere',
})

/** A screen is there when none of it is waiting any more. */
export async function open(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
}

export const SIZES = { desktop: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } } as const
