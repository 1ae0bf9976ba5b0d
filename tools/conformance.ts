/**
 * `npm run conformance -- --corpus DIR [--json]`: reads every artifact and expression of a corpus written for the
 * original and compares with what the original's own tests assert.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { DIFFERENCES } from './conformance-differences.ts'
import { judgeExpressions } from './conformance-expressions.ts'
import { judge, readManifest } from './conformance-manifest.ts'

export interface Report {
  readonly entries: number
  readonly passed: number
  readonly differences: number
  readonly failed: readonly { readonly id: string; readonly why: string }[]
  /** Declared, but the entry passes or is not in this corpus: worth a look, no failure. */
  readonly unused: readonly string[]
}

export function conformance(corpus: string): Report {
  const declared = new Set(DIFFERENCES.map(({ id }) => id))
  const verdicts = [...readManifest(corpus).map(entry => ({ id: entry.id, why: judge(corpus, entry) })), ...judgeExpressions(corpus)]
  const wrong = verdicts.flatMap(({ id, why }) => why === undefined ? [] : [{ id, why }])
  const failed = wrong.filter(({ id }) => !declared.has(id))
  const differing = new Set(wrong.map(({ id }) => id))
  return {
    entries: verdicts.length,
    passed: verdicts.length - wrong.length,
    differences: wrong.length - failed.length,
    failed,
    unused: [...declared].filter(id => !differing.has(id)),
  }
}

function main(): void {
  const { values } = parseArgs({ options: { corpus: { type: 'string' }, json: { type: 'boolean', default: false } } })
  if (values.corpus === undefined || !existsSync(values.corpus)) {
    console.error('usage: npm run conformance -- --corpus DIR [--json]')
    process.exitCode = 2
    return
  }
  const { unused: _, ...report } = conformance(values.corpus)
  if (values.json) console.log(JSON.stringify(report))
  else {
    for (const { id, why } of report.failed) console.log(`FAILED ${id}\n  ${why.replaceAll('\n', '\n  ')}`)
    console.log(`${report.entries} entries: ${report.passed} passed, ${report.differences} differ as declared, ${report.failed.length} failed`)
  }
  if (report.failed.length > 0) process.exitCode = 1
}

if (import.meta.main) main()
