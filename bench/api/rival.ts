/**
 * A bare server: the same HTTP library, the same embedded database with the same durability, one prepared statement for each
 * operation, bodies parsed as JSON and stored as they are. No language, no roles, no revisions, no history.
 *
 *     node bench/api/rival.ts DIRECTORY
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fastify from 'fastify'

interface Stored { readonly value: string }
interface Document { readonly name: string }

const database = new DatabaseSync(join(process.argv[2] ?? '.', 'rival.db'))
database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -16384; create table records (name text primary key, value text not null)')
const put = database.prepare('insert into records values (?, ?) on conflict (name) do update set value = excluded.value')
const get = database.prepare('select value from records where name = ?')
const list = database.prepare('select value from records order by name limit ? offset ?')
let total = 0

const app = fastify({ bodyLimit: 16 * 1024 * 1024 })
app.post<{ Body: Document[] }>('/api/v1', async ({ body }, reply) => {
  database.exec('begin')
  for (const document of body) put.run(document.name, JSON.stringify(document))
  database.exec('commit')
  total += body.length
  return reply.code(202).send([])
})
app.put<{ Params: { name: string }; Body: Document }>('/api/v1/breeds/:name', async ({ params, body }, reply) => {
  const text = JSON.stringify(body)
  put.run(params.name, text)
  total++
  return reply.type('application/json').send(`[${text}]`)
})
app.get<{ Params: { name: string } }>('/api/v1/breeds/:name', async ({ params }, reply) => {
  const found = get.get(params.name) as Stored | undefined
  return found ? reply.type('application/json').send(found.value) : reply.code(404).send()
})
app.get<{ Querystring: { page: string; per_page: string } }>('/api/v1/breeds', async ({ query }, reply) => {
  const rows = list.all(Number(query.per_page), (Number(query.page) - 1) * Number(query.per_page)) as unknown as Stored[]
  return reply.type('application/json').header('x-total-count', String(total)).send(`[${rows.map(({ value }) => value).join(',')}]`)
})
process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }))
process.once('disconnect', () => process.exit())
