/**
 * Does a request fulfil a condition? The answer is the one that HAProxy gives; `unknown` where only HAProxy can tell: raw
 * ACLs, and the country where nobody looked it up.
 */
import type { ConditionNode } from '../condition.ts'
import { isInNetwork, parseNetwork } from '../ip-network.ts'
import { expressionMatches } from './path-expression.ts'
import { userAgentPieces } from './user-agent.ts'

export interface MatchedRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Source address. */
  readonly ip: string
  /** Two letters, where it is known. */
  readonly country?: string
}

export type Truth = boolean | 'unknown'

export function matches(node: ConditionNode, request: MatchedRequest): Truth {
  switch (node.is) {
    case 'and': return both(matches(node.left, request), matches(node.right, request))
    case 'or': return opposite(both(opposite(matches(node.left, request)), opposite(matches(node.right, request))))
    case 'not': return opposite(matches(node.operand, request))
    case 'true': return true
    case 'false': return false
    case 'host': return isHost(request, node.value)
    case 'user_agent': return userAgentPieces(node.value).every(piece => header(request, 'user-agent')?.includes(piece))
    case 'header': return header(request, node.name) !== undefined
    case 'header_contains': return header(request, node.name)?.includes(node.value) ?? false
    case 'header_is': return header(request, node.name)?.trim() === node.value
    case 'cookie': return cookies(request, node.name).length > 0
    case 'cookie_contains': return cookies(request, node.name).some(value => value.includes(node.value))
    case 'cookie_is': return cookies(request, node.name).includes(node.value)
    case 'path': return pathMatches(node.match, node.value, request.path)
    case 'method': return request.method.toUpperCase() === node.value.toUpperCase()
    case 'country': return request.country === undefined ? 'unknown' : request.country.toUpperCase() === node.value.toUpperCase()
    case 'ip': return inNetwork(request.ip, node.network)
    case 'device': return deviceOf(header(request, 'user-agent') ?? '', node.value)
    case 'raw': return 'unknown'
    default: return node satisfies never
  }
}

function both(left: Truth, right: Truth): Truth {
  if (left === false || right === false) return false
  return left === 'unknown' || right === 'unknown' ? 'unknown' : true
}

function opposite(truth: Truth): Truth {
  return truth === 'unknown' ? truth : !truth
}

function header({ headers }: MatchedRequest, name: string): string | undefined {
  const key = name.toLowerCase()
  return Object.hasOwn(headers, key) ? headers[key] : undefined
}

/** A value without a port stands for every port. */
function isHost(request: MatchedRequest, value: string): boolean {
  const host = header(request, 'host')?.trim().toLowerCase() ?? ''
  return host === value.toLowerCase() || (!value.includes(':') && host.replace(/:\d+$/, '') === value.toLowerCase())
}

function cookies(request: MatchedRequest, name: string): string[] {
  return (header(request, 'cookie') ?? '').split(';').flatMap(pair => {
    const [key = '', ...value] = pair.split('=')
    return key.trim() === name && value.length > 0 ? [value.join('=').trim()] : []
  })
}

function pathMatches(match: 'is' | 'begins' | 'contains' | 'matches', value: string, path: string): Truth {
  switch (match) {
    case 'is': return path === value
    case 'begins': return path.startsWith(value)
    case 'contains': return path.includes(value)
    case 'matches': return expressionMatches(value, path)
    default: return match satisfies never
  }
}

function inNetwork(ip: string, text: string): boolean {
  const network = parseNetwork(text)
  return network !== undefined && isInNetwork(ip, network)
}

const MOBILE = /Mobi|iPhone|iPod|Windows Phone|BlackBerry|Opera Mini/
const TABLET = /iPad|Tablet|Kindle|Silk\//
const BOT = /bot|crawl|spider|slurp/i

function deviceOf(userAgent: string, device: string): boolean {
  const [mobile, bot] = [MOBILE.test(userAgent), BOT.test(userAgent)]
  const tablet = TABLET.test(userAgent) || (userAgent.includes('Android') && !userAgent.includes('Mobi'))
  switch (device.toLowerCase()) {
    case 'mobile': return mobile
    case 'tablet': return tablet
    case 'bot': return bot
    default: return !mobile && !tablet && !bot
  }
}
