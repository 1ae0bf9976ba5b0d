/**
 * Names that stand in HAProxy's configuration, its logs and sticky cookies, where the artifact's own name cannot: hashes of the
 * kind and the name, the same as the original's, so that dashboards and cookies outlive the change.
 */
import { pathSegments, SEGMENTS_MAX } from './name.ts'
import { sha1 } from './sha1.ts'

export type LookupClass = 'Deployment' | 'Gateway' | 'DefaultBreed' | 'Workflow' | 'InternalRouteTarget' | 'ExternalRouteTarget' | 'DefaultRoute'

/** Up to 40 hex digits; zeros in front are dropped, as of a number. */
export function lookupName(of: LookupClass, name: string): string {
  return hexNumber(`class io.vamp.model.artifact.${of}@${name}v1`)
}

export function gatewayLookupName(gateway: string): string {
  return lookupName('Gateway', gateway)
}

/** Of a route within its gateway; `path` is the route's full path. */
export function routeLookupName(gateway: string, path: string): string {
  return lookupName('Gateway', [...padded([gateway]), ...padded(pathSegments(path) ?? [path])].join('/'))
}

/** Of a condition's operand as HAProxy ACL text: 16 hex digits. */
export function aclName(acl: string): string {
  return hexNumber(`${acl}0000`).slice(0, 16)
}

function padded(segments: readonly string[]): readonly string[] {
  return [...segments, ...Array<string>(Math.max(0, SEGMENTS_MAX - segments.length)).fill('*')]
}

/** Every routing table asks for the same names again. */
const KNOWN_MAX = 100_000
const known = new Map<string, string>()

function hexNumber(text: string): string {
  const name = known.get(text) ?? sha1(text).replace(/^0+(?=.)/, '')
  if (known.size >= KNOWN_MAX) known.clear()
  known.set(text, name)
  return name
}
