/** What is measured against what, as configurations: bare, ours, and the original's nested one. */
import type { GatewayTable, RouteTable } from '../../model/src/routing/table.ts'

export const INSTANCES = 4
export const VERSIONS = 3

export function gateway(name: string, port: number, instances: readonly number[]): GatewayTable {
  const route = (version: number, weight: number, over: Partial<RouteTable> = {}): RouteTable => ({
    path: `v${version}`, lookup_name: `${name}v${version}`, weight, strength: 0, rewrites: [], ...over,
    target: { is: 'endpoints', endpoints: instances.slice(version * INSTANCES, (version + 1) * INSTANCES).map(at => ({ id: `i-${at}`, host: '127.0.0.1', port: at, state: 'ready' })) },
  })
  return {
    name, lookup_name: name, address: '127.0.0.1', port, mode: 'http', virtual_hosts: [], sticky: 'instance', routes: [
      route(0, 7_000),
      route(1, 2_500, { strength: 5_000, condition: { is: 'and', left: { is: 'user_agent', value: 'Chrome' }, right: { is: 'cookie_contains', name: 'beta', value: '1' } } }),
      route(2, 500, { strength: 500, condition: { is: 'header_contains', name: 'accept-language', value: 'en-GB' } }),
    ],
  }
}

export const backends = (instances: readonly number[]) => `global
  nbthread 1
defaults
  mode http
  timeout client 60s
  timeout http-keep-alive 60s
frontend instances
${instances.map(port => `  bind 127.0.0.1:${port}`).join('\n')}
  http-request return status 200 content-type text/plain string ok
`

const DEFAULTS = `global
  nbthread 1
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
  option redispatch
  option forwardfor
`

const servers = (instances: readonly number[]) => instances.map(port => `  server i-${port} 127.0.0.1:${port}`).join('\n')

export const bareConfig = (port: number, instances: readonly number[]) => `${DEFAULTS}
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  balance roundrobin
${servers(instances)}
`

/** The original's layout: gateway → one unix socket for each route → the route's instances, cookies on both. */
export const nestedConfig = (port: number, instances: readonly number[], directory: string) => `${DEFAULTS}
frontend f
  bind 127.0.0.1:${port}
  acl chrome req.fhdr(User-Agent) -m sub Chrome
  acl beta req.cook(beta) -m sub 1
  acl british req.fhdr(accept-language) -m sub en-GB
  use_backend im_1 if chrome beta
  use_backend im_2 if british
  default_backend other
backend other
  balance roundrobin
  cookie other insert indirect nocache
${[0, 1, 2].map(version => `  server r${version} unix@${directory}/r${version}.sock cookie r${version} weight ${[70, 25, 5][version]} send-proxy`).join('\n')}
backend im_1
  balance roundrobin
  cookie im_1 insert indirect nocache
  server r1 unix@${directory}/r1.sock cookie r1 weight 50 send-proxy
  server other unix@${directory}/other.sock cookie other weight 50 send-proxy
backend im_2
  balance roundrobin
  cookie im_2 insert indirect nocache
  server r2 unix@${directory}/r2.sock cookie r2 weight 5 send-proxy
  server other unix@${directory}/other.sock cookie other weight 95 send-proxy
frontend f_other
  bind unix@${directory}/other.sock accept-proxy
  default_backend other
${[0, 1, 2].map(version => `frontend f_r${version}
  bind unix@${directory}/r${version}.sock accept-proxy
  default_backend r${version}
backend r${version}
  balance roundrobin
  cookie r${version} insert indirect nocache
${instances.slice(version * INSTANCES, (version + 1) * INSTANCES).map(at => `  server i-${at} 127.0.0.1:${at} cookie i-${at}`).join('\n')}
`).join('')}`

/** Our own configuration on another port, without the log and what is only written down for it. */
export const withoutLog = (config: string, directory: string, from: number, to: number) => config
  .replaceAll(/^ {2}log(-format)? .*\n/gm, '').replaceAll(/^ {2}http-(?:re|after-).*(txn\.t0\)|txn\.tr\)|txn\.way\)|set-log-level notice).*\n/gm, '').replace(`:${from}\n`, `:${to}\n`).replace(`${directory}/one/admin.sock`, `${directory}/silent.sock`)
