/** What the new side of a release is called: one version, or the several of an experiment that is not decided yet. */
import type { ReleaseView } from '@vamp/model/api/releases'

export interface Arms {
  readonly from: string
  /** All that are new together: `checkout:4.1 or checkout:4.2`. */
  readonly to: string
  /** The one that the evidence is about. */
  readonly judged: string
  /** Several are compared. */
  readonly several: boolean
}

export function armsOf({ from, to, variants = [] }: Pick<ReleaseView, 'from' | 'to' | 'variants'>): Arms {
  const before = from || 'before'
  const left = variants.filter(({ state }) => state !== 'dropped')
  if (variants.length === 0 || variants.some(({ state }) => state === 'winner')) return { from: before, to, judged: to, several: false }
  // As the server does it: the release's evidence is that of the version that looks worst.
  const worst = left.reduce((most, variant) => variant.harm > most.harm ? variant : most, left[0] ?? { to, harm: 0 })
  return { from: before, to: left.map(variant => variant.to).join(' or ') || to, judged: worst.to, several: variants.length > 1 }
}
