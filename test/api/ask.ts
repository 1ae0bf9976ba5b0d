/** Requests as every client may send them: a body with GET, no Accept at all, paths that nobody tidies on the way. */
import { request } from 'node:http'
import { parse, stringify } from 'yaml'

export type Media = 'application/json' | 'application/x-yaml'
export const MEDIA: readonly Media[] = ['application/json', 'application/x-yaml']

export interface Sent {
  readonly method?: string
  /** Of the body, and accepted unless the headers say otherwise. */
  readonly media?: Media
  /** A text goes as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** What the text says, in either notation. */
  readonly value: never
}

/** Paths are below `/api/v1` unless they begin with `//`. */
export function ask(url: string, path: string, { method = 'GET', media = 'application/json', body, headers = {} }: Sent = {}): Promise<Answered> {
  const { hostname, port } = new URL(url)
  const text = body === undefined || typeof body === 'string' ? body as string | undefined : encode(body, media)
  const sent = { Accept: media, ...(text === undefined ? {} : { 'Content-Type': media, 'Content-Length': String(Buffer.byteLength(text)) }), ...headers }
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method, path: path.startsWith('//') ? path.slice(1) : `/api/v1${path}`, headers: Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== '')), agent: false }, response => {
      let answer = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => { answer += chunk })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answer, get value() { return parse(answer) as never } }))
    })
    asked.on('error', reject)
    asked.end(text)
  })
}

export function encode(value: unknown, media: Media): string {
  return media === 'application/json' ? JSON.stringify(value) : stringify(value)
}
