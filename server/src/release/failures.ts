/** Which requests of a release failed, beside its judge's counts and in the same write; and how its sentence says so. */
import { FAILURES_KEPT, failuresText, summedFailures } from '@vamp/model/failed-requests'
import type { FailedRequests } from '@vamp/model/metric'
import type { ReleaseStatus } from '@vamp/model/release-status'
import type { Decision } from '@vamp/stats/sequential/judge'
import { failuresOf } from '../traffic/cells.ts'
import { armFailures } from './arms.ts'
import type { ObservedRelease } from './observe.ts'
import { armNames } from './seconds.ts'

export type ArmFailures = NonNullable<ReleaseStatus['failures']>

/** Of one version. */
interface Counted { readonly failed: number; readonly failures?: readonly FailedRequests[] | undefined }

/** Those before, and those of the seconds in hand. What an older version of this program counted is told by its number. */
export function failuresSeen(observed: ObservedRelease, status: ReleaseStatus, canary: Counted & { readonly to: string }): ArmFailures {
  const names = armNames(observed, status, canary.to)
  const seen = observed.seconds.map(({ cells }) => armFailures(cells, names))
  const sum = (arm: keyof ArmFailures, { failed, failures }: Counted) => summedFailures([...failuresOf({ errors: failed, failures }), ...seen.flatMap(second => second[arm])], FAILURES_KEPT)
  return { baseline: sum('baseline', { failed: status.failed.baseline, failures: status.failures?.baseline }), canary: sum('canary', canary) }
}

/** Evidence of harm from which on a version is accused of errors, if it is accused of something. */
const ACCUSED = 3
const ACCUSING: readonly Decision['action'][] = ['freeze', 'roll_back', 'ask']
/** More is on the release's page. */
const TOLD = 3

/** What the judge says, and which requests failed where that is what the version is accused of. */
export function sentenceOf({ action, sentence, metrics }: Pick<Decision, 'action' | 'sentence' | 'metrics'>, failures: readonly FailedRequests[]): string {
  const accused = ACCUSING.includes(action) && metrics.some(({ metric, harm }) => metric === 'error_rate' && harm >= ACCUSED)
  return accused ? withFailures(sentence, failures) : sentence
}

export function withFailures(sentence: string, failures: readonly FailedRequests[] = []): string {
  return failures.some(({ path }) => path !== undefined) ? `${sentence} What failed: ${failuresText(failures, TOLD)}.` : sentence
}
