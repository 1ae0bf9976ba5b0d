/**
 * Random gateways of the whole language, policies too: whatever is not refused beforehand, HAProxy takes. A few here; thousands
 * with `TABLES=3000 npx vitest run --project live agent/src/proxy/haproxy/random-gateways`.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { ARBITRARIES } from '@vamp/model/print/artifact-arbitrary'
import { buildTable } from '@vamp/model/routing/build-table'
import type { GatewayTable } from '@vamp/model/routing/table'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { certificateName } from '../certificates.ts'
import { gatewayGap } from '../gateway-gap.ts'
import { writeSide } from './files.ts'
import { compact, EMPTY, layOut } from './layout.ts'
import { findBinary } from './process.ts'
import { render } from './render.ts'

const TABLES = Number(process.env['TABLES'] ?? 25)

describe.skipIf(findBinary() === undefined)('random gateways', () => {
  test('what is not refused, HAProxy takes without a word', { timeout: 120_000 + 2_000 * TABLES }, async () => {
    const directory = mkdtempSync('/tmp/vamp-random-')
    mkdirSync(`${directory}/certificates`)
    const pem = readFileSync(new URL('../testdata/certificate-one.pem', import.meta.url))
    const [seen, carried] = [{ gateways: 0 }, { gateways: 0 }]
    await fc.assert(fc.asyncProperty(fc.array(ARBITRARIES.gateways, { minLength: 1, maxLength: 6 }), async gateways => {
      const placed = gateways.map((gateway, index) => ({ ...gateway, name: `g${index}/${gateway.name}`.split('/').slice(0, 4).join('/'), port: { ...gateway.port, number: 9_000 + index } }))
      const { table } = buildTable({ gateways: placed, deployments: [], statuses: [], revision: 1, address: '127.0.0.1' })
      const possible = table.gateways.filter(gateway => gatewayGap('haproxy', gateway, false) === undefined)
      seen.gateways += gateways.length
      carried.gateways += possible.length
      for (const { policy } of possible) if (policy?.tls) writeFileSync(`${directory}/certificates/${certificateName(policy.tls)}.pem`, pem)
      expect(refusal(directory, await written(directory, possible)), JSON.stringify(possible)).toBe('')
    }), { numRuns: TABLES })
    rmSync(directory, { recursive: true })
    // A test of refusals alone would show nothing.
    expect(carried.gateways).toBeGreaterThan(seen.gateways / 10)
  })
})

async function written(directory: string, gateways: readonly GatewayTable[]): Promise<string> {
  const layout = compact(layOut(EMPTY, { revision: 1, gateways }))
  return writeSide(directory, 'a', render(layout, { maps: `${directory}/a`, adminSocket: `${directory}/admin.sock`, tickSocket: `${directory}/tick.sock`, waitingSocket: `${directory}/waiting.sock`, secret: 'a1', hardStopSeconds: 60 }))
}

/** What HAProxy says against a configuration; '' if it takes it. */
function refusal(directory: string, config: string): string {
  try {
    const output = execFileSync(findBinary() ?? '', ['-c', '-f', config], { stdio: 'pipe', env: {}, cwd: directory }).toString()
    return output.split('\n').filter(line => /ALERT|WARNING/.test(line)).join('\n')
  } catch (cause) {
    return cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause)
  }
}
