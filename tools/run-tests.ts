/**
 * `npm test`: everything, in the order in which a failure is cheapest to learn of. Installs what it needs first.
 * The last line is `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureTools } from './install-test-tools.ts'

const steps: readonly { name: string; command: readonly string[] }[] = [
  { name: 'types', command: ['tsc', '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'types of the pages', command: ['tsc', '--noEmit', '-p', 'web/tsconfig.json'] },
  { name: 'lint', command: ['biome', 'lint', '.'] },
]

ensureTools(['haproxy', 'postgresql', 'docker.io', 'docker-registry', 'chromium', 'tmux', 'etcd-server', 'zookeeper', 'default-jre-headless', 'prometheus'])
for (const { name, command: [program = '', ...args] } of steps) {
  console.log(`— ${name}`)
  const { status } = spawnSync(program, args, { stdio: 'inherit' })
  if (status !== 0) finish({ passed: 0, failed: 1, skipped: 0 })
}
console.log('— tests')
const scratch = mkdtempSync(join(tmpdir(), 'vamp-tests-'))
const report = join(scratch, 'report.json')
spawnSync('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)], { stdio: 'inherit' })
const counts = read(report)
rmSync(scratch, { recursive: true, force: true })
finish(counts)

interface Counts { readonly passed: number; readonly failed: number; readonly skipped: number }

/** A report that is missing, or in which a whole file failed, is a failure. */
function read(file: string): Counts {
  try {
    const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number | boolean>
    const failed = Number(json['numFailedTests']) + (json['success'] === true || Number(json['numFailedTests']) > 0 ? 0 : 1)
    return { passed: Number(json['numPassedTests']), failed, skipped: Number(json['numPendingTests']) + Number(json['numTodoTests']) }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

function finish({ passed, failed, skipped }: Counts): never {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  process.exit(failed === 0 && passed > 0 ? 0 : 1)
}
