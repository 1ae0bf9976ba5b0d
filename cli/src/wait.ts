/** Waits until what was asked for is so. */
import { type DeploymentView, deployments } from '@vamp/model/api/deployments'
import { worstPhase } from './columns.ts'
import { EXIT } from './exit-code.ts'
import type { Session } from './session.ts'

const LOOK_MS = 500

/** `failed` if one of them failed or is not done in time. */
export async function waitForDeployments({ client, io }: Session, names: readonly string[], timeoutSeconds: number): Promise<number> {
  const deadline = io.now() + timeoutSeconds * 1000
  const waiting = new Set(names)
  while (!io.signal.aborted) {
    for (const name of waiting) {
      const { data } = await client.call(deployments.get, { path: { deployment: name } }, io.signal)
      const phase = worstPhase(data)
      if (phase === 'Done') { waiting.delete(name); io.out(`deployment ${name} is done\n`) }
      if (phase === 'Failed') { io.err(`deployment ${name} failed: ${reasons(data)}\n`); return EXIT.failed }
    }
    if (waiting.size === 0) return EXIT.ok
    if (io.now() >= deadline) { io.err(`${[...waiting].join(', ')} not done after ${timeoutSeconds} s\n`); return EXIT.failed }
    await io.sleep(LOOK_MS)
  }
  return EXIT.failed
}

function reasons(view: DeploymentView): string {
  return Object.values(view.clusters).flatMap(({ services }) => services.flatMap(({ breed, status }) => status.phase.name === 'Failed' ? [`${breed.name}: ${status.phase.notification ?? 'no reason is known'}`] : [])).join('\n')
}
