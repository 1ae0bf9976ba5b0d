/** How a condition can go on, and for whom of some usual visitors it holds. */
import { matches, type MatchedRequest, type Truth } from '@vamp/model/condition/matches'
import { DEVICES, parseCondition } from '@vamp/model/condition/parse'

export interface Continuation {
  /** What a person reads on it. */
  readonly label: string
  /** The condition with it. */
  readonly text: string
}

const OPERANDS = ['user-agent = ', 'device is ', 'country is ', 'has cookie ', 'cookie ', 'has header ', 'header ', 'path begins ', 'host = ', 'method is ', 'ip in ', 'not ', '('] as const
/** After what is typed, up to its end: what may come. */
const AFTER: readonly (readonly [RegExp, readonly string[]])[] = [
  [/user[-.]?agent\s*(==?|!=|\bis|\bhas|\bcontains)\s*$/i, ['Firefox', 'Chrome', 'Safari', 'Edge', 'Android']],
  [/device\s+(is|not)\s+$/i, DEVICES],
  [/country\s+(is|not)\s+$/i, ['GB', 'DE', 'FR', 'NL', 'US']],
  [/method\s+(is|not)\s+$/i, ['GET', 'POST', 'PUT', 'DELETE']],
  [/path\s+(begins|is|contains)\s+$/i, ['"/checkout"', '"/admin"']],
  [/ip\s+in\s+$/i, ['10.0.0.0/8', '192.168.0.0/16']],
  [/host\s*(=|is)\s*$/i, ['shop.example.com']],
  [/has\s+cookie\s+$/i, ['beta']], [/has\s+header\s+$/i, ['X-Tester']],
  [/(^|[\s(])cookie\s+[^\s()]+\s+$/i, ['is ', 'contains ']], [/(^|[\s(])header\s+[^\s()]+\s+$/i, ['is ', 'contains ']],
]

/** What may stand next, the usual first; nothing while a word is being typed that could be anything. */
export function continuations(text: string): readonly Continuation[] {
  const typed = /(^|[\s(])[\w.-]*$/.exec(text)?.[0].replace(/^[\s(]/, '') ?? ''
  const before = text.slice(0, text.length - typed.length)
  const fitting = (options: readonly string[]) => options.filter(option => option.toLowerCase().startsWith(typed.toLowerCase()) && option.trim().toLowerCase() !== typed.toLowerCase())
    .map(option => ({ label: option.trim(), text: before + option }))
  const complete = parseCondition(text.trim()).is !== 'refused'
  const offered = AFTER.find(([place]) => place.test(before))
  const fit = offered ? fitting(offered[1]) : []
  if (fit.length > 0 || (offered && !complete)) return fit
  if (before.trim() === '' || /(\b(and|or|not)\s+|\(\s*)$/i.test(before)) return fitting(OPERANDS)
  if (complete || parseCondition(before.trim()).is !== 'refused')
    return ['and ', 'or '].map(word => ({ label: word.trim(), text: `${(complete ? text : before).trimEnd()} ${word}` }))
  return []
}

export interface Visitor { readonly who: string; readonly request: MatchedRequest }

const AGENTS = {
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  chrome: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  android: 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
  iphone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1',
  bot: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
} as const

const visitor = (who: string, agent: string, country: string, more: Readonly<Record<string, string>> = {}): Visitor =>
  ({ who, request: { method: 'GET', path: '/', headers: { 'user-agent': agent, host: 'shop.example.com', ...more }, ip: '203.0.113.7', country } })

/** Made up, but with what real ones send. */
export const VISITORS: readonly Visitor[] = [
  visitor('Firefox on Linux, Germany', AGENTS.firefox, 'DE'), visitor('Chrome on Windows, United States', AGENTS.chrome, 'US'),
  visitor('Chrome on Android, Great Britain', AGENTS.android, 'GB'), visitor('Safari on an iPhone, France', AGENTS.iphone, 'FR'),
  visitor('Chrome with the cookie beta', AGENTS.chrome, 'NL', { cookie: 'beta=1' }), visitor('a search engine', AGENTS.bot, 'US'), visitor('curl', 'curl/8.11.0', 'NL'),
]

/** For whom it holds; nothing where the condition does not parse. */
export function whoMatches(condition: string): readonly { readonly who: string; readonly holds: Truth }[] {
  const parsed = parseCondition(condition.trim())
  return parsed.is === 'refused' ? [] : VISITORS.map(({ who, request }) => ({ who, holds: matches(parsed.value, request) }))
}
