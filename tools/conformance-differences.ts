/** Where Vamp reads an artifact otherwise than the original on purpose. `docs/differences-from-vamp.md` argues each reason. */

export interface DeclaredDifference {
  /** Of the corpus entry. */
  readonly id: string
  readonly reason: string
}

const CONDITION = 'a condition that does not parse is an error with its place; the original made the whole text a raw ACL, which then broke the proxy'
const BARE_SCALE = 'the page gives a scale without cpu and memory; the original refuses it too, and so do we'
const UNKNOWN_VARIABLE = 'the page gives a service a variable that its inline breed does not have; the original refuses it too, and so do we'
const INDENTATION = 'the page is indented so that a section is in the wrong place; the original refuses it too, and so do we'

export const DIFFERENCES: readonly DeclaredDifference[] = [
  { id: 'vamp-model-tests/blueprint/blueprint13', reason: CONDITION },
  { id: 'vamp-model-tests/blueprint/blueprint39', reason: CONDITION },
  { id: 'vamp.io/1.2.0-deployments-L150', reason: 'the page gives a weight without a percent sign; the original refuses it too, and so do we' },
  { id: 'vamp.io/1.2.0-environment-variables-L75', reason: UNKNOWN_VARIABLE },
  { id: 'vamp.io/1.2.0-environment-variables-L96', reason: UNKNOWN_VARIABLE },
  { id: 'vamp.io/1.2.0-environment-variables-L148', reason: INDENTATION },
  { id: 'vamp.io/1.2.0-environment-variables-L245', reason: INDENTATION },
  { id: 'vamp.io/1.2.0-escalations-L111', reason: 'the page sets a variable that no breed of the cluster has; the original refuses it too, and so do we' },
  { id: 'vamp.io/1.2.0-references-L69', reason: 'the page gives ports as a text; the original refuses it too, and so do we' },
  { id: 'vamp.io/1.2.0-service-discovery-L44', reason: BARE_SCALE },
  { id: 'vamp.io/1.2.0-virtual-hosts-L46', reason: INDENTATION },
  { id: 'vamp.io/0.9.5-routing-and-loadbalancing-L78', reason: BARE_SCALE },
]
