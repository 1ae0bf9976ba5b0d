/**
 * The rules of a frontend: from a request to a backend in one hop, with everything that may change read from maps. Every rule
 * costs every request, so there are as few as there can be: what one rule can look up, no second one computes.
 * Variables: `txn.g` the generation's number with flags, `txn.c` the number of the condition that matched, `txn.ck` the visitor's
 * cookie, `txn.sbe` the backend that it leads to, `txn.cb` the backend that a condition chose.
 */
import { createHash } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { Fault } from '@vamp/model/fault'
import type { GatewayTable } from '@vamp/model/routing/table'
import { SMOOTH_STEP } from '@vamp/model/routing/smooth'
import { FULL_SHARE } from '@vamp/model/routing/table'
import { splitSeed } from '@vamp/model/routing/user-slot'
import { certificateName } from '../certificates.ts'
import { needsCountry, rawAcls, rawFlag } from './condition-pattern.ts'
import { ANSWERED, httpLog, TCP_LOG } from './log-line.ts'
import { gatewayPolicyLines } from './policy-lines.ts'
import { FLAGS } from './program.ts'
import { aclWords, quote } from './quote.ts'
import { serverAddress } from './server.ts'

export interface FrontendPaths {
  readonly generations: string
  readonly hosts: string
  /** Networks and their countries. */
  readonly countries?: string
  map(frontend: string, kind: 'conditions' | 'shares' | 'stick'): string
  certificate(name: string): string
}

/** What depends on how the driver was opened. */
export interface Abilities { readonly countries: boolean }

/** Name of the frontend that all virtual hosts share. */
export const HOSTS = 'hosts'

export function gatewayFrontend(id: string, gateway: GatewayTable, paths: FrontendPaths, secret: string): string[] {
  const { tls } = gateway.policy ?? {}
  const ssl = tls ? ` ssl crt ${paths.certificate(certificateName(tls))}${gateway.mode === 'http' ? ' alpn h2,http/1.1' : ''}` : ''
  const bind = `bind ${serverAddress(gateway.address === '' ? '*' : gateway.address, gateway.port)}${ssl}`
  const generation = `str(${id}),map_str_int(${paths.generations},0)`
  if (gateway.mode === 'tcp') return [bind, ...gatewayPolicyLines('tcp', gateway.policy), ...tcpRules(id, generation, paths)]
  return [bind, ...httpRules({ id, secret, source: ownSource(gateway.address), generation, paths, cookie: cookieSuffix(gateway.lookup_name), policy: gatewayPolicyLines('http', gateway.policy), splits: splitsOf([gateway]), smooth: gateway.smooth ? [{ id, only: '' }] : [], raw: gatewayRaw(gateway), mirrors: hasMirrors(gateway), secure: tls !== undefined })]
}

/** Cookies know no ports: a gateway's have a name of their own. */
const cookieSuffix = (lookupName: string) => createHash('sha256').update(lookupName).digest('hex').slice(0, 10)

/** Throws `Fault('proxy_refused')` for a gateway whose frontend cannot be written. */
export function requireFrontend(gateway: GatewayTable, sharedListener: boolean, { countries }: Abilities): void {
  if (sharedListener && gateway.virtual_hosts.length > 0 && gatewayPolicyLines(gateway.mode, gateway.policy).length > 0)
    throw new Fault('proxy_refused', 'the policy cannot be carried out', { reason: 'a gateway behind the shared listener has its policies on its routes' })
  gatewayPolicyLines(gateway.mode, gateway.policy)
  for (const acl of gatewayRaw(gateway)) aclWords(acl)
  if (!countries && gateway.routes.some(({ condition }) => condition && needsCountry(condition)))
    throw new Fault('proxy_refused', 'the condition cannot be carried out', { reason: 'it asks for a country, and there is no file of countries' })
}

/** Every gateway that has virtual hosts, behind one listener: the Host header says which one, the rest is the same. */
export function hostsFrontend(address: string, port: number, laid: readonly { readonly id: string; readonly table: GatewayTable }[], paths: FrontendPaths, secret: string): string[] {
  const here = laid.map(({ table }) => table).filter(gateway => gateway.mode === 'http' && gateway.virtual_hosts.length > 0)
  const idOf = (name: string) => laid.find(({ table }) => table.name === name)?.id ?? ''
  return [
    `bind ${serverAddress(address, port)}`,
    ...httpRules({ before: [
        `http-request set-var(txn.gw) req.hdr(host),field(1,:),lower,map_str(${paths.hosts})`,
        'http-request return status 404 if !{ var(txn.gw) -m found } !handed',
        ...here.filter(({ policy }) => policy?.tls?.redirect_http).map(({ name, port: secure }) =>
          `http-request redirect location https://%[req.hdr(host),field(1,:)]:${secure}%[url] code 308 if { var(txn.gw) -m str ${idOf(name)} } !handed`),
      ],
      id: HOSTS, secret, source: ownSource(address), generation: `var(txn.gw),map_str_int(${paths.generations},0)`, paths, cookie: 'host',
      smooth: here.flatMap(({ name, smooth }) => smooth ? [{ id: idOf(name), only: ` { var(txn.gw) -m str ${idOf(name)} }` }] : []),
      splits: splitsOf(here).map(split => ({ ...split, only: ` { var(txn.gw) -m str ${idOf(split.gateway)} }` })), raw: [...new Set(here.flatMap(gatewayRaw))].sort(), mirrors: here.some(hasMirrors) }),
  ]
}

/** Distinct raw ACLs of a gateway's conditions, sorted. */
export function gatewayRaw(gateway: GatewayTable): string[] {
  return [...new Set(gateway.routes.flatMap(route => route.condition ? rawAcls(route.condition) : []))].sort()
}

function tcpRules(id: string, generation: string, paths: FrontendPaths): string[] {
  return [
    `log-format "${TCP_LOG}"`,
    `tcp-request content set-var(txn.g) ${generation}`,
    `tcp-request content set-var(txn.be) rand(10000),add(txn.g),map_ip(${paths.map(id, 'shares')})`,
    'use_backend %[var(txn.be)] if { var(txn.be) -m found }',
    'default_backend lost-tcp',
  ]
}

interface HttpRules extends Succession {
  /** Rules that come before the gateway is known. */
  readonly before?: readonly string[]
  readonly secret: string
  readonly id: string
  readonly generation: string
  readonly paths: FrontendPaths
  /** Distinguishes this frontend's cookies. */
  readonly cookie: string
  readonly policy?: readonly string[]
  readonly splits: readonly Split[]
  /** Gateways whose requests take turns, by id. */
  readonly smooth: readonly { readonly id: string; readonly only: string }[]
  readonly raw: readonly string[]
  /** Requests may have copies, and copies come back here. */
  readonly mirrors: boolean
}

interface Split {
  readonly gateway: string
  /** Sample fetch of the user's key. */
  readonly fetch: string
  readonly seed: number
  /** Condition on the gateway, where a frontend serves several. */
  readonly only: string
}

function splitsOf(gateways: readonly GatewayTable[]): Split[] {
  return gateways.flatMap(({ name, lookup_name, split }) => split ? [{
    gateway: name, seed: splitSeed(lookup_name), only: '',
    fetch: split.by === 'cookie' ? `req.cook(${fetchName(split.name)})` : `req.hdr(${fetchName(split.name)})`,
  }] : [])
}

function httpRules(rules: HttpRules): string[] {
  const { id, paths, smooth } = rules
  const shares = paths.map(id, 'shares')
  return [
    `log-format "${httpLog(rules.splits.length > 0 ? 'var(txn.session)' : undefined, rules.mirrors)}"`,
    `tcp-request session set-var(sess.ours) bool(true)${rules.source === undefined ? '' : ` if { src ${rules.source} }`}`,
    'http-request set-var(txn.t0) date(0,us)',
    ...successorRules(rules),
    ...(rules.mirrors ? mirroredRules(rules.secret) : []),
    ...ANSWERED,
    ...rules.before ?? [],
    ...rules.policy ?? [],
    `http-request set-var(txn.g) ${rules.generation}`,
    ...ACLS,
    ...cookieRules(rules),
    ...sessionRules(rules),
    ...smooth.map(gateway => `http-request track-sc1 str(${gateway.id}) table ${TURNS}${gateway.only && ` if${gateway.only}`}`),
    ...keepRules(rules),
    // The last of what is asked of the request: where there is nothing more to ask, no rule looks on.
    ...conditionRules(rules),
    `use_backend ${successorName(rules)} if handed`,
    ...(rules.mirrors ? ['use_backend %[var(txn.shadow)] if { var(txn.shadow) -m found }'] : []),
    'use_backend %[var(txn.cb)] if taken',
    'use_backend %[var(txn.sbe)] if led',
    ...splitRules(rules),
    ...smooth.map(({ only }) => `use_backend %[sc1_inc_gpc0,mul(${SMOOTH_STEP}),mod(${FULL_SHARE}),add(txn.g),map_ip(${shares})]${only && ` if${only}`}`),
    // What the shares leave to nobody has no name, and nameless requests are lost.
    `use_backend %[rand(10000),add(txn.g),map_ip(${shares})]`,
    'default_backend lost',
  ]
}

/** Flags are bits of the generation's number: what a gateway does not have costs one look at them. */
const ACLS = [
  ...(['sticky', 'instance', 'conditions', 'line'] as const).map(name => `acl ${name} var(txn.g),and(${FLAGS[name]}) -m bool`),
  'acl cookie var(txn.ck) -m found',
  'acl led var(txn.sbe) -m found',
  'acl matched var(txn.c) -m found',
  'acl refused var(txn.old) -m found',
  'acl taken var(txn.cb) -m found',
]

/** Counts the turns of gateways whose requests take turns. */
export const TURNS = 'turns'
export const TURNS_LINES = ['stick-table type string len 16 size 100k store gpc0']

/** How requests reach the worker that serves now: the listener speaks TLS; they come from an address of their own, or from any. */
interface Succession { readonly secure?: boolean; readonly source: string | undefined }

const successorName = ({ secure, source }: Succession): string => `successor${secure ? '-tls' : ''}${source === undefined ? '-from-any' : ''}`

/** Where requests come from that one of us passes on: an address of this host that nobody else uses, so that only they are asked for a proof. IPv6 has one loopback address, which others use too. */
export const ownSource = (address: string): string | undefined => address === '' || address === '*' || isIPv4(address) ? '127.86.77.80' : undefined

/**
 * A worker that is being replaced may get one more request on a kept connection. It knows only the old table, so it hands
 * the request on, with the client's address and a proof that it may say so.
 */
function successorRules({ secret }: HttpRules): string[] {
  const header = handedHeader(secret)
  return [
    'acl handed stopping',
    'acl ours var(sess.ours) -m found',
    `http-request set-src req.hdr(${header}) if ours { req.hdr(${header}) -m found }`,
    `http-request del-header ${header} if ours`,
  ]
}

/** The header that tells where a request comes from that one of us passes on. Its name is the proof: who does not know it, cannot send it. */
export const handedHeader = (secret: string): string => `x-vamp-handed-${secret}`
/** Tells the backend that a copy is for, too: `source~backend`. */
export const mirroredHeader = (secret: string): string => `x-vamp-mirrored-${secret}`

/** A copy goes to the backend that it is for, past conditions and weights, and is logged as one (`m` stands for what chose its way). */
function mirroredRules(secret: string): string[] {
  const header = mirroredHeader(secret)
  const ours = `{ req.hdr(${header}) -m found } !handed`
  return [
    `http-request set-src req.hdr(${header}),field(1,~) if ${ours}`,
    `http-request set-var(txn.cb) str(m) if ${ours}`,
    `http-request set-var(txn.shadow) req.hdr(${header}),field(2,~) if ${ours}`,
    `http-request del-header ${header} if !handed`,
  ]
}

const hasMirrors = ({ routes }: GatewayTable): boolean => routes.some(({ mirror }) => mirror !== undefined)

/** The backends that lead to where the client wanted to connect. Their requests are the successor's to log. */
export function successors(secret: string): readonly (readonly [name: string, lines: string[]])[] {
  return [true, false].flatMap(secure => [ownSource('*'), undefined].map(source => [successorName({ secure, source }), [
    `http-request set-header ${handedHeader(secret)} %[src]`,
    'http-request set-log-level silent',
    // Whoever takes it says what keeps the visitor.
    'http-request set-var(txn.g) int(0)',
    `server next 0.0.0.0:0${source === undefined ? '' : ` source ${source}`}${secure ? ' ssl verify none' : ''}`,
  ]] as const))
}

/** Where the visitor was before: `vamp_<gateway>=<route>~<instance>~<route whose condition turned it away>`. */
function cookieRules({ id, paths, cookie }: HttpRules): string[] {
  const stick = paths.map(id, 'stick')
  return [
    `http-request set-var(txn.ck) req.cook(vamp_${cookie}) if sticky`,
    `http-request set-var(txn.sbe) var(txn.g),concat(/,txn.ck),map_beg(${stick}) if cookie`,
    // If a condition moves the visitor elsewhere, nobody there has the name, and it is ignored.
    'http-request set-var(txn.server) var(txn.ck),field(2,~) if led instance',
  ]
}

/**
 * Which condition matches the request as text, and whether it takes it. First by the headers alone, which is enough for most
 * gateways; where some condition asks for more than headers, its line is written before them, and all of its conditions
 * are for such a text only.
 */
function conditionRules({ id, paths, raw }: HttpRules): string[] {
  const names = raw.map(acl => [rawFlag(acl), aclWords(acl)] as const)
  const match = (text: string) => `http-request set-var(txn.c) ${text},concat("",txn.g),map_reg_int(${paths.map(id, 'conditions')})`
  return [
    ...names.map(([name, words]) => `acl ${name} ${words.map(quote).join(' ')}`),
    'http-request allow if !conditions',
    match('req.hdrs'),
    'http-request allow if !matched !line',
    ...strengthRules(id, paths),
    'http-request allow if !line',
    ...(raw.length > 0 ? ['http-request set-var(req.raw) str(;)'] : []),
    ...names.map(([name]) => `http-request set-var(req.raw) var(req.raw),concat(${name};) if ${name}`),
    ...(paths.countries ? [`http-request set-var(req.country) src,map_ip(${paths.countries})`] : []),
    'http-request set-var(req.h) req.hdrs',
    'http-request set-var(req.m) method',
    'http-request set-var(req.u) path',
    'http-request set-var(req.ip) src,hex',
    match('str(:m),concat("\\n",req.m,"\\n:u"),concat("\\n",req.u,"\\n:i"),concat("\\n",req.ip,"\\n:c"),concat("\\n",req.country,"\\n:r"),concat("\\n",req.raw,"\\n"),concat("",req.h)'),
    'http-request allow if !matched',
    ...strengthRules(id, paths),
  ]
}

/** Strength is drawn once for a visitor who is sticky: who was taken stays, who was turned away stays away. */
function strengthRules(id: string, paths: FrontendPaths): string[] {
  const stick = paths.map(id, 'stick')
  return [
    `http-request set-var(txn.cb) var(txn.c),concat(/,txn.ck),map_beg(${stick}) if led`,
    `http-request set-var(txn.old) var(txn.ck),field(3,~),concat(/,txn.c),map_str(${stick}) if led !taken`,
    `http-request set-var(txn.cb) rand(10000),add(txn.c),map_ip(${paths.map(id, 'shares')}) if !taken !refused`,
    `http-request set-var(txn.away) var(txn.c),concat(=),map_str(${stick}) if !taken`,
  ]
}

/** What the visitor's session is called in the log: the user where there is one. */
function sessionRules({ splits }: HttpRules): string[] {
  if (splits.length === 0) return []
  return ['http-request set-var(txn.session) src_port', ...splits.map(({ fetch, only }) => `http-request set-var(txn.session) ${fetch} if { ${fetch} -m found }${only}`)]
}

/** A visitor's place on the scale is the hash of a cookie or header, so that a greater weight only adds visitors (`userSlot` of the model). */
function splitRules({ id, paths, splits }: HttpRules): string[] {
  return splits.map(({ fetch, seed, only }) =>
    `use_backend %[${fetch},xxh32(${seed}),mod(10000),add(txn.g),map_ip(${paths.map(id, 'shares')})] if { ${fetch} -m found }${only}`)
}

/** Names of headers and cookies are tokens; anything else cannot be in a request and is spelled so that it matches nothing. */
const fetchName = (name: string) => /^[A-Za-z0-9!#$&*+.^_`|~-]{1,128}$/.test(name) ? quote(name) : 'x-vamp-none'

/** Tells the visitor where it is, if that is news. An answer of HAProxy's own pins nobody. */
function keepRules({ id, paths, cookie }: HttpRules): string[] {
  const stick = paths.map(id, 'stick')
  return [
    'acl stays be_name,strcmp(txn.sbe) eq 0',
    'acl same srv_name,strcmp(txn.server) eq 0',
    'http-response allow if !sticky',
    `http-response add-header Set-Cookie "vamp_${cookie}=%[be_name,map_str(${stick})]~%s~%[var(txn.away)]; Path=/; HttpOnly; SameSite=Lax" if !stays or instance !same or matched !taken !refused`,
  ]
}
