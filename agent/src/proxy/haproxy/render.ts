/** A layout as HAProxy's configuration and maps. Pure: the same layout gives the same bytes. */
import { dirname } from 'node:path'
import type { GatewayTable } from '@vamp/model/routing/table'
import { byId, changes } from '@vamp/model/changed'
import type { Change } from '@vamp/model/changed'
import { gatewayFrontend, HOSTS, hostsFrontend, successors, TURNS, TURNS_LINES } from './frontend.ts'
import type { FrontendPaths } from './frontend.ts'
import type { LaidGateway, Layout, Slot } from './layout.ts'
import { DELAY_ACTION, DELAY_SCRIPT, WAITING_SERVER } from './policy-lines.ts'
import { gatewayProgram, generationNumber, programEntries } from './program.ts'
import type { Entry } from './program.ts'

export interface Files {
  readonly config: string
  /** Absolute path → content; of a script, too, where there is one. */
  readonly maps: ReadonlyMap<string, string>
}

export interface RenderSettings {
  /** Directory of the maps. */
  readonly maps: string
  readonly adminSocket: string
  readonly tickSocket: string
  /** Of the waiting room. */
  readonly waitingSocket: string
  /** Proves that a request handed on is HAProxy's. */
  readonly secret: string
  readonly threads?: number
  /** File of lines `network country`. */
  readonly countries?: string
  readonly hardStopSeconds: number
}

/** Lines of the log that every worker keeps for who asks for them: some 45 000. */
const RING_BYTES = 4 * 1024 * 1024
/** A line may carry a copy of a request. */
const LINE_BYTES = 15_000
/**
 * Where several instances are dead and nobody takes them out, as while there is no server, a request must try until it meets one that
 * lives. It tries another one at once, and the only one there is once a second.
 */
const RETRIES = 'retries 10'

/**
 * Gateways that share a map. At its start HAProxy looks every use of a map up in the list of all maps, so a map for each
 * gateway would cost time by the square of their number; entries are told apart by their generations.
 */
const SHARED_BY = { conditions: 8, shares: 64, stick: 64 } as const

export function mapPaths(maps: string): FrontendPaths {
  return {
    certificate: name => `${dirname(maps)}/certificates/${name}.pem`,
    generations: `${maps}/generations.map`, hosts: `${maps}/hosts.map`,
    map: (frontend, kind) => `${maps}/${kind}.${frontend === HOSTS ? HOSTS : Math.floor(Number(frontend.slice(1)) / SHARED_BY[kind])}.map`,
  }
}

export function render(layout: Layout, settings: RenderSettings): Files {
  const maps = renderMaps(layout, settings.maps)
  if (delays(layout)) maps.set(delayScript(settings), DELAY_SCRIPT)
  return { config: config(layout, settings), maps }
}

export function config(layout: Layout, settings: RenderSettings): string {
  const paths: FrontendPaths = { ...mapPaths(settings.maps), ...(settings.countries ? { countries: settings.countries } : {}) }
  const key = [settings.maps, settings.secret, settings.countries].join('\n')
  const hosts = layout.virtual_hosts
  return [
    preamble(settings, delays(layout)), section(`backend ${MAPS_FIRST} from http`, mapsFirst(layout, mapPaths(settings.maps))),
    ...layout.gateways.map(({ id, table }) => known(gatewayTexts, table, `${id}\n${key}`, () =>
      section(`frontend ${id} from ${table.mode}`, [`# ${JSON.stringify(table.name)}`, ...gatewayFrontend(id, table, paths, settings.secret)]))),
    ...(hosts ? [section(`frontend ${HOSTS} from http`, hostsFrontend(hosts.address, hosts.port, layout.gateways, paths, settings.secret))] : []),
    ...layout.slots.map(slot => slotText(slot, settings)),
  ].join('\n')
}

/** What is the same object as before, is the same text: thousands of gateways are written often, and few of them change. */
const gatewayTexts = new WeakMap<GatewayTable, Known<string>>()
const slotTexts = new WeakMap<Slot, Known<string>>()

interface Known<T> { readonly key: string; readonly value: T }

function known<K extends object, T>(all: WeakMap<K, Known<T>>, of: K, key: string, make: () => T): T {
  const found = all.get(of)
  if (found?.key === key) return found.value
  const value = make()
  all.set(of, { key, value })
  return value
}

const slotText = (slot: Slot, settings: RenderSettings): string => known(slotTexts, slot, settings.waitingSocket, () => section(`backend ${slot.id} from ${slot.mode}`, [
  ...(slot.owner ? [`# ${JSON.stringify(`${slot.owner.gateway} → ${slot.owner.route}`)}`] : []), ...slot.lines, ...serverLines(slot, settings),
]))

const MAPS_FIRST = 'maps-first'

/**
 * Every map is named once before anything else is. While it reads a configuration, HAProxy looks each use of a map up in one list of
 * all maps and all patterns of ACLs, from its head: a thousand gateways, with a dozen of each, would take it seconds, ten
 * thousand minutes. Those of which there are few, and which are used most, come first.
 */
function mapsFirst({ gateways, virtual_hosts: hosts }: Layout, paths: FrontendPaths): string[] {
  const look = (file: string, converter: string) => `http-request set-var(txn.x) str(x),${converter}(${file})`
  const shares = (id: string) => look(paths.map(id, 'shares'), 'map_ip')
  const stick = (id: string) => [look(paths.map(id, 'stick'), 'map_str'), look(paths.map(id, 'stick'), 'map_beg')]
  const conditions = (id: string) => look(paths.map(id, 'conditions'), 'map_reg_int')
  const http = [...gateways.flatMap(({ id, table }) => table.mode === 'tcp' ? [] : [id]), ...(hosts ? [HOSTS] : [])]
  const tcp = gateways.flatMap(({ id, table }) => table.mode === 'tcp' ? [id] : [])
  return [...new Set([look(paths.generations, 'map_str_int'), look(paths.hosts, 'map_str'), ...[...http, ...tcp].map(shares), ...http.flatMap(stick), ...http.map(conditions)])]
}

function serverLines(slot: Slot, { waitingSocket }: RenderSettings): string[] {
  return [
    ...Object.entries(slot.servers).map(([name, server]) =>
      `server ${name} ${server.address} weight ${server.state === 'ready' ? 1 : 0}${server.state === 'leaving' ? ' disabled' : ''}`),
    ...(slot.vacant === undefined ? [] : [`server ${WAITING_SERVER} unix@${waitingSocket} weight 1${slot.vacant ? '' : ' disabled'}`]),
  ]
}

export function renderMaps(layout: Layout, maps: string): Map<string, string> {
  const paths = mapPaths(maps)
  const texts = fixedTexts(layout, paths)
  for (const laid of layout.gateways) addTexts(texts, laid, layout, maps)
  return joined(texts)
}

/** The files that say `layout`, where all others still say it as they said `before`. `config`: absent where it stays as it is. */
export function changedFiles(before: Layout, layout: Layout, settings: RenderSettings): { readonly maps: ReadonlyMap<string, string>; readonly config?: string } {
  const gateways = changes(before.gateways, layout.gateways, byId)
  const slots = changes(before.slots, layout.slots, byId)
  const sameFrame = slots.every(({ before: old, after }) => old && after && slotText(old, settings) === slotText(after, settings))
    && gateways.every(({ before: old, after }) => old && after) && JSON.stringify(before.virtual_hosts) === JSON.stringify(layout.virtual_hosts)
  return { maps: changedMaps(gateways, layout, settings.maps), ...(sameFrame ? {} : { config: config(layout, settings) }) }
}

function changedMaps(gateways: readonly Change<LaidGateway>[], layout: Layout, maps: string): Map<string, string> {
  if (gateways.length === 0) return new Map()
  const paths = mapPaths(maps)
  const touched = new Set(gateways.flatMap(({ before, after }) => [before, after]).flatMap(laid => laid ? [...gatewayTextsOf(laid, layout, maps).keys()] : []))
  const texts = new Map<string, string[]>([...[...touched].map(path => [path, []] as [string, string[]]), [paths.generations, []], [paths.hosts, []]])
  for (const [path, lines] of fixedTexts(layout, paths)) if (texts.has(path)) texts.set(path, lines)
  for (const laid of layout.gateways) for (const [path, text] of gatewayTextsOf(laid, layout, maps)) texts.get(path)?.push(text)
  return joined(texts)
}

const joined = (texts: ReadonlyMap<string, readonly string[]>) => new Map([...texts].map(([path, parts]) => [path, parts.join('')]))
const textOf = (entries: readonly Entry[]) => entries.map(([key, value]) => `${key} ${value}\n`).join('')

function fixedTexts(layout: Layout, paths: FrontendPaths): Map<string, string[]> {
  return new Map([...fixedEntries(layout, paths)].map(([path, entries]) => [path, [textOf(entries)]]))
}

const programTexts = new WeakMap<LaidGateway, Known<ReadonlyMap<string, string>>>()

const gatewayTextsOf = (laid: LaidGateway, layout: Layout, maps: string): ReadonlyMap<string, string> =>
  known(programTexts, laid, `${maps}\n${layout.virtual_hosts !== undefined}`, () => new Map([...gatewayEntries(laid, layout, mapPaths(maps))].map(([path, entries]) => [path, textOf(entries)])))

function addTexts(texts: Map<string, string[]>, laid: LaidGateway, layout: Layout, maps: string): void {
  for (const [path, text] of gatewayTextsOf(laid, layout, maps)) {
    const parts = texts.get(path)
    if (parts) parts.push(text)
    else texts.set(path, [text])
  }
}

/** Every map with its entries, in order; maps without entries are there too. */
export function layoutEntries(layout: Layout, paths: FrontendPaths): Map<string, Entry[]> {
  const maps = fixedEntries(layout, paths)
  for (const laid of layout.gateways) for (const [path, entries] of gatewayEntries(laid, layout, paths)) {
    const there = maps.get(path)
    if (there) there.push(...entries)
    else maps.set(path, [...entries])
  }
  return maps
}

function fixedEntries(layout: Layout, paths: FrontendPaths): Map<string, Entry[]> {
  return new Map<string, Entry[]>([
    [paths.generations, layout.gateways.map(generationEntry)],
    [paths.hosts, layout.gateways.flatMap(hostEntries)],
    ...(layout.virtual_hosts ? KINDS.map((kind): [string, Entry[]] => [paths.map(HOSTS, kind), []]) : []),
  ])
}

const KINDS = ['conditions', 'shares', 'stick'] as const

const generationEntries = new WeakMap<LaidGateway, Known<Entry>>()

export const generationEntry = (laid: LaidGateway): Entry => known(generationEntries, laid, '', () => [laid.id, String(generationNumber(laid.generation, gatewayProgram(laid)))])

export const hostEntries = (laid: LaidGateway): Entry[] =>
  laid.table.mode === 'tcp' ? [] : laid.table.virtual_hosts.map(host => [hostKey(host), laid.id])

/** A host name as a map key; one that no request can have stays harmless. */
const hostKey = (host: string) => /^[A-Za-z0-9._-]+$/.test(host) ? host.toLowerCase() : '-'

/** The entries of a gateway's program: in its own maps, and in those of the shared listener if it has virtual hosts. */
export function gatewayEntries(laid: LaidGateway, layout: Pick<Layout, 'virtual_hosts'>, paths: FrontendPaths): Map<string, readonly Entry[]> {
  const program = gatewayProgram(laid)
  const entries = programEntries(laid.generation, program)
  const shared = layout.virtual_hosts !== undefined && program.shared
  const kinds = laid.table.mode === 'tcp' ? ['shares'] as const : KINDS
  return new Map((shared ? [laid.id, HOSTS] : [laid.id]).flatMap(frontend =>
    kinds.map(kind => [paths.map(frontend, kind), entries[kind]] as const)))
}

const section = (title: string, lines: readonly string[]) => [title, ...lines.map(line => `  ${line}`), ''].join('\n')

const delays = ({ slots }: Layout): boolean => slots.some(({ lines }) => lines.some(line => line.includes(DELAY_ACTION)))
const delayScript = ({ maps }: RenderSettings): string => `${maps}/delay.lua`

function preamble(settings: RenderSettings, withDelays: boolean): string {
  return [
    section('global', [
      `stats socket ${settings.adminSocket} mode 600 level admin expose-fd listeners`,
      'stats timeout 24h',
      `hard-stop-after ${settings.hardStopSeconds}s`,
      ...(settings.threads ? [`nbthread ${settings.threads}`] : []),
      ...(withDelays ? [`lua-load ${delayScript(settings)}`] : []),
      `log ring@requests len ${LINE_BYTES} format raw local0`,
    ]),
    section('ring requests', [
      'format raw', `maxlen ${LINE_BYTES}`, `size ${RING_BYTES}`,
    ]),
    section('defaults http', [
      'mode http', 'log global', 'timeout connect 3s', 'timeout client 60s', 'timeout server 60s', 'timeout http-request 15s',
      'timeout http-keep-alive 60s', 'timeout queue 5s', 'timeout tunnel 1h', 'option redispatch 1', RETRIES,
      'retry-on conn-failure', 'option idle-close-on-response',
    ]),
    section('defaults tcp', [
      'mode tcp', 'log global', 'timeout connect 3s', 'timeout client 1h', 'timeout server 1h', 'timeout queue 5s', 'option redispatch 1', RETRIES,
    ]),
    section('frontend tick from http', [`bind unix@${settings.tickSocket} mode 600`, 'log-format "tick"', 'http-request return status 204']),
    section('backend lost from http', ['http-request return status 503']),
    ...successors(settings.secret).map(([name, lines]) => section(`backend ${name} from http`, lines)),
    section(`backend ${TURNS} from http`, TURNS_LINES),
    section('backend lost-tcp from tcp', ['tcp-request content reject']),
  ].join('\n')
}

