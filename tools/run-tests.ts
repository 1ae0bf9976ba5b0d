/**
 * `npm test`: everything, in the order in which a failure is cheapest to learn of. Installs what it needs first.
 * The last line is `N passed, N failed, N skipped`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
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
const lanes = await Promise.all([['unit', 'live'], ['patient']].map(runTests))
rmSync(scratch, { recursive: true, force: true })
const sum = (of: keyof Counts) => lanes.reduce((total, counts) => total + counts[of], 0)
finish({ passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') })

/** Those of one lane after each other. What several lanes print comes file by file. */
async function runTests(projects: readonly string[], lane: number): Promise<Counts> {
  const report = join(scratch, `${lane}.json`)
  const words = [...projects.flatMap(project => ['--project', project]), '--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const vitest = spawn('vitest', ['run', ...words, ...process.argv.slice(2)], { stdio: ['ignore', 'pipe', 'pipe'] })
  vitest.stdout.pipe(process.stdout, { end: false })
  vitest.stderr.pipe(process.stderr, { end: false })
  await once(vitest, 'close')
  return read(report)
}

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
