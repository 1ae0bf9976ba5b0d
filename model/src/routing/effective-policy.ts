/** Which policy holds for a route: a part that the route has not is the gateway's, if it is of the kind that routes carry out. */
import type { PolicySettings } from '../policy.ts'

/** Carried out where a request is sent to an instance. All other parts of a gateway's policy are the gateway's own business. */
const OF_ROUTES = ['retries', 'circuit_breaker', 'mirror', 'failover', 'hold'] as const

/** Absent if nothing holds. */
export function effectivePolicy(ofGateway: PolicySettings | undefined, ofRoute: PolicySettings | undefined): PolicySettings | undefined {
  if (!ofGateway) return ofRoute
  const { connect, request, tunnel } = { ...ofGateway.timeouts, ...ofRoute?.timeouts }
  const timeouts = { ...(connect === undefined ? {} : { connect }), ...(request === undefined ? {} : { request }), ...(tunnel === undefined ? {} : { tunnel }), ...(ofRoute?.timeouts?.idle === undefined ? {} : { idle: ofRoute.timeouts.idle }) }
  const delay = ofRoute?.fault?.delay ?? ofGateway.fault?.delay
  const fault = { ...ofRoute?.fault, ...(delay ? { delay } : {}) }
  const inherited = Object.fromEntries(OF_ROUTES.flatMap(name => ofGateway[name] === undefined ? [] : [[name, ofGateway[name]]]))
  const effective: PolicySettings = {
    ...inherited, ...ofRoute,
    ...(Object.keys(timeouts).length > 0 ? { timeouts } : {}), ...(Object.keys(fault).length > 0 ? { fault } : {}),
  }
  return Object.keys(effective).length > 0 ? effective : undefined
}
