/**
 * How much load an instance bears before its visitors wait: a queueing model. Its parameters are found by `queue-fit.ts` from what
 * proxies measure, and used by `queue-estimator.ts`.
 *
 * An instance is a station of `servers` parallel workers with one queue (M/G/k). The mean wait is Sakasegawa's approximation,
 * Wq ≈ V · S/k · ρ^(√(2(k+1))−1) / (1−ρ) with V = (ca²+cs²)/2 (H. Sakasegawa, "An approximation formula Lq ≈ αρ^β/(1−ρ)", Annals
 * of the Institute of Statistical Mathematics 29, 1977; the factor V after A. O. Allen, "Probability, Statistics and Queueing
 * Theory", 1990, §5.3). So a share ρ^(√(2(k+1))−1) of the requests wait, and those wait an exponential time of mean
 * V · S/(k(1−ρ)), as in heavy traffic (J. F. C. Kingman, "The heavy traffic approximation in the theory of queues", 1965).
 * A gateway that gives requests to n instances in turn gives each of them every n-th: arrivals that are n times as even as those
 * of the whole, ca² = 1/n (W. Whitt, "The queueing network analyzer", Bell System Technical Journal 62, 1983, §4.4). So many
 * instances may each be busier than few.
 */

export interface Station {
  /** Requests that one instance works on at the same time. */
  readonly servers: number
  /** Mean milliseconds of work on a request, without waiting. */
  readonly serviceMs: number
  /** Squared coefficient of variation of the service time. */
  readonly spread: number
}

/** Service times as multiples of their mean, and what share of the requests each stands for. */
export type WorkShape = readonly (readonly [multiple: number, share: number])[]

/** Requests per second at which an instance is busy all the time. */
export const capacityOf = ({ servers, serviceMs }: Station): number => servers * 1000 / serviceMs

/** Of the requests, which share waits at all; 1 from the capacity on. `rate` is per second and instance. */
export function waitingShare(station: Station, rate: number): number {
  const load = rate / capacityOf(station)
  return load >= 1 ? 1 : load ** (Math.sqrt(2 * (station.servers + 1)) - 1)
}

/** Mean milliseconds that those who wait have to wait. */
export function conditionalWaitMs(station: Station, rate: number, arrivals = 1): number {
  const load = rate / capacityOf(station)
  return load >= 1 ? Number.POSITIVE_INFINITY : (arrivals + station.spread) / 2 * station.serviceMs / (station.servers * (1 - load))
}

export function meanLatencyMs(station: Station, rate: number, arrivals = 1): number {
  return station.serviceMs + waitingShare(station, rate) * conditionalWaitMs(station, rate, arrivals)
}

/** Share of requests that take longer than `ms` */
export function shareAbove(station: Station, shape: WorkShape, rate: number, ms: number, arrivals = 1): number {
  const waits = waitingShare(station, rate)
  const mean = conditionalWaitMs(station, rate, arrivals)
  let total = 0
  for (const [multiple, share] of shape) {
    const left = ms - multiple * station.serviceMs
    total += share * (left <= 0 ? 1 : mean === Number.POSITIVE_INFINITY ? waits : waits * Math.exp(-left / mean))
  }
  return total
}
