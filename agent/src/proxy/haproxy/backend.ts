/** What a backend says besides its servers: the part of a route that cannot change without a reload. */
import { Fault } from '@vamp/model/fault'
import type { GatewayTable, RouteTable } from '@vamp/model/routing/table'
import { mirrorLines, routePolicyLines } from './policy-lines.ts'
import { aclWords, quote, rawWords } from './quote.ts'

/** Algorithms that take servers at run time. `static-rr` spreads as `roundrobin` does, but would not. */
const ALGORITHM = /^(roundrobin|static-rr|leastconn|first|random(\([1-9]\d{0,2}\))?|source|uri( (whole|path-only|(len|depth) \d{1,4}))*|url_param [A-Za-z0-9_.-]{1,64}|hdr\([A-Za-z0-9_-]{1,64}\)( use_domain_only)?|rdp-cookie(\([A-Za-z0-9_.-]{1,64}\))?)$/

/** The lines of a route's backend. Throws `Fault('proxy_refused')` for an algorithm or a rewrite that HAProxy would not take. */
export function backendLines({ mode }: Pick<GatewayTable, 'mode'>, route: RouteTable): readonly string[] {
  const { policy, mirror } = route
  return [
    ...balanceLines(mode, route), ...routePolicyLines(mode, policy),
    ...(mode === 'http' ? [...(mirror && policy?.mirror ? mirrorLines(policy.mirror, policy.hold !== undefined) : []), ...HTTP, ...rewriteLines(route)] : []),
  ]
}

/** The lines of a backend that waits for a route without wishes. */
export function spareLines(mode: 'http' | 'tcp'): readonly string[] {
  return mode === 'http' ? ['balance roundrobin', ...HTTP] : ['balance leastconn']
}

/** A dead or unknown name in `txn.server` is ignored: the request is balanced like the rest. */
const HTTP = ['option forwardfor', 'use-server %[var(txn.server)] if { var(txn.server) -m found }']

function balanceLines(mode: 'http' | 'tcp', route: RouteTable): readonly string[] {
  const usual = mode === 'http' ? 'roundrobin' : 'leastconn'
  const asked = (route.balance ?? 'default').trim()
  if (asked === 'default' || asked === usual) return [`balance ${usual}`]
  if (!ALGORITHM.test(asked)) {
    throw new Fault('proxy_refused', 'the balance algorithm is unknown', { reason: `unknown balance algorithm '${asked.slice(0, 80)}' on route ${route.path}` })
  }
  if (asked === 'static-rr') return ['balance roundrobin']
  const hashes = !/^(roundrobin|leastconn|first|random)/.test(asked)
  return [`balance ${asked}`, ...(hashes ? ['hash-type consistent'] : [])]
}

function rewriteLines(route: RouteTable): readonly string[] {
  return route.rewrites.map(rewrite => {
    const condition = rewrite.condition.trim().replace(/^\{([\s\S]*)\}$/, '$1')
    const path = rawWords(rewrite.path)
    if (path.length !== 1) {
      throw new Fault('proxy_refused', 'a rewrite needs one path', { reason: `rewrite '${rewrite.path.slice(0, 80)}' on route ${route.path} is not one path` })
    }
    return `http-request set-path ${quote(path[0] ?? '')} if { ${aclWords(condition).map(quote).join(' ')} }`
  })
}
