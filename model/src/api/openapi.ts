/** The contract as an OpenAPI 3.1 document. */
import type { TObject } from '@sinclair/typebox'
import { type Answer, API_PREFIX, type Body, type Endpoint, pathNames } from './endpoint.ts'
import { ErrorBody, ProblemDetails } from './errors.ts'

type Json = Readonly<Record<string, unknown>>

export function openApiDocument(endpoints: readonly (readonly [id: string, endpoint: Endpoint])[], { version, kinds = {} }: { version: string; kinds?: Readonly<Record<string, unknown>> }): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [id, row] of endpoints) {
    const path = publicPath(row.path)
    paths[path] = { ...paths[path], [row.method.toLowerCase()]: operation(id, row, kinds) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Vamp', version, description: 'Every request and answer is JSON or YAML (`application/x-yaml`), as `Accept` and `Content-Type` say. Errors are `{message}`, with `problems` where a document is wrong.' },
    tags: [...new Set(endpoints.map(([, { group }]) => group))].map(name => ({ name })),
    paths,
    components: {
      schemas: { Error: plain(ErrorBody), ProblemDetails: plain(ProblemDetails), ...kinds },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ token: [] }],
  }
}

/** `/gateways/{gateway...}` → `/api/v1/gateways/{gateway}` */
export function publicPath(path: string): string {
  const named = path.replaceAll('...}', '}')
  if (named.startsWith('//')) return named.slice(1)
  return named === '/' ? API_PREFIX : `${API_PREFIX}${named}`
}

function operation(id: string, row: Endpoint, kinds: Readonly<Record<string, unknown>>): Json {
  return {
    operationId: id, tags: [row.group], summary: row.summary,
    description: row.role === 'anyone' ? 'Needs no token.' : `Needs the role ${row.role}.`,
    ...(row.role === 'anyone' ? { security: [] } : {}),
    parameters: [
      ...pathNames(row.path).map(name => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...(row.query ? queryParameters(row.query) : []),
    ],
    ...(row.body ? { requestBody: requestBody(row.body, kinds) } : {}),
    responses: {
      [row.answer.status]: response(row.answer),
      ...(row.answer.status !== 200 && row.query && 'plan' in row.query.properties ? { 200: { description: 'with `plan=true`: what would change', content: { 'application/json': { schema: { type: 'object' } } } } } : {}),
      default: {
        description: 'What went wrong',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } }, 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDetails' } } },
      },
    },
  }
}

function queryParameters(query: TObject): Json[] {
  const required = new Set(query.required ?? [])
  return Object.entries(query.properties).map(([name, schema]) => ({
    name, in: 'query', required: required.has(name) && schema['default'] === undefined, schema: plain(schema),
    ...(typeof schema.description === 'string' ? { description: schema.description } : {}),
  }))
}

function requestBody(body: Body, kinds: Readonly<Record<string, unknown>>): Json {
  const document = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } }
  const both = (schema: unknown) => ({ 'application/json': { schema }, 'application/x-yaml': { schema } })
  switch (body.is) {
    case 'artifact': return { required: true, content: both(body.kind in kinds ? { $ref: `#/components/schemas/${body.kind}` } : document) }
    case 'deployment': return { required: false, content: both({ ...document, description: 'a blueprint, a deployment as it was printed, or `{name}` of a stored blueprint' }) }
    case 'documents': return { required: true, content: both({ type: 'array', items: { type: 'object', required: ['kind', 'name'] }, description: 'YAML documents, or a list' }) }
    case 'data': case 'language': return { required: body.optional !== true, content: both(plain(body.schema)) }
    case 'text': return { required: true, content: { [body.media]: { schema: { type: 'string' } } } }
  }
}

function response(answer: Answer): Json {
  switch (answer.is) {
    case 'nothing': return { description: 'done' }
    case 'text': return { description: 'done', content: { [answer.media]: { schema: { type: 'string' } } } }
    case 'stream': return { description: 'server-sent events', content: { 'text/event-stream': { schema: plain(answer.schema) } } }
    case 'data': return {
      description: answer.status === 202 ? 'accepted; it is carried out from now on' : 'done',
      content: { 'application/json': { schema: plain(answer.schema) }, 'application/x-yaml': { schema: plain(answer.schema) } },
      ...(answer.paged ? { headers: { 'X-Total-Count': { schema: { type: 'integer' } }, Link: { schema: { type: 'string' } } } } : {}),
    }
  }
}

/** Without the symbols that schemas carry for types. */
function plain(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema)) as unknown
}
