/** JSON and YAML, by the names under which HTTP knows them. */
import { printYamlValue } from '../print/yaml.ts'

export type Media = 'application/json' | 'application/x-yaml'

const YAML = /^(application|text)\/(x-)?yaml\b/i

/** `application/json` and whatever people call YAML; nothing for anything else. */
export function mediaOf(contentType: string): Media | undefined {
  if (YAML.test(contentType)) return 'application/x-yaml'
  return /^application\/(\w[\w.-]*\+)?json\b/i.test(contentType) ? 'application/json' : undefined
}

/** As the original: YAML if that is what is asked for first, JSON for everything that allows it; nothing where neither is accepted. */
export function acceptedMedia(accept: string | undefined): Media | undefined {
  if (accept === undefined || accept.trim() === '') return 'application/json'
  const ranges = accept.split(',').map(range => range.split(';')[0]?.trim().toLowerCase() ?? '')
  if (YAML.test(ranges[0] ?? '')) return 'application/x-yaml'
  if (ranges.some(range => range === '*/*' || range === 'application/*' || mediaOf(range) === 'application/json')) return 'application/json'
  return ranges.some(range => YAML.test(range)) ? 'application/x-yaml' : undefined
}

export function encode(value: unknown, media: Media): string {
  return media === 'application/json' ? JSON.stringify(value) : printYamlValue(value)
}
