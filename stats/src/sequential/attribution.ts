/**
 * Which metric is to blame. The weighted mean of the metrics' evidence tests "none of them is worse". For one metric the
 * closed test asks every set that contains it: the weakest answer counts, so naming metrics costs no further false alarms.
 * Vovk & Wang, "E-values: calibration, combination, and applications", Ann. Statist. 2021.
 */

export function globalEvidence(evidence: readonly number[], weights: readonly number[]): number {
  let sum = 0
  for (let at = 0; at < evidence.length; at++) sum += (evidence[at] ?? 0) * (weights[at] ?? 0)
  return sum
}

/** The evidence against each metric that holds whatever is true of the others. */
export function closedEvidence(evidence: readonly number[], weights: readonly number[]): number[] {
  const ascending = evidence.map((_, at) => at).sort((a, b) => (evidence[a] ?? 0) - (evidence[b] ?? 0))
  return evidence.map((own, metric) => {
    let weight = weights[metric] ?? 0
    let sum = own * weight
    for (const other of ascending) {
      const value = evidence[other] ?? 0
      if (other === metric) continue
      if (value * weight >= sum) break
      sum += value * (weights[other] ?? 0)
      weight += weights[other] ?? 0
    }
    return weight > 0 ? sum / weight : own
  })
}
