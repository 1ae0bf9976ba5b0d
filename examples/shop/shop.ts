/**
 * A small shop over HTTP: a catalogue, product pages, a cart. One file, no dependencies, so that what is released is easy to see.
 * `SHOP_VERSION` names it; `SHOP_ERROR_SHARE` and `SHOP_SLOW_TAIL` are the bugs that versions 1.2 and 1.3 were shipped with, and
 * `SHOP_CRASH_SHARE` one that nobody shipped.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

const version = process.env['SHOP_VERSION'] ?? '1.0'
const port = Number(process.env['PORT'] ?? 8080)
/** Share of the product and cart requests that end in a 500. */
const errorShare = Number(process.env['SHOP_ERROR_SHARE'] ?? 0)
/** What the slowest 3 % of the requests are multiplied by; the median stays. */
const slowTail = Number(process.env['SHOP_SLOW_TAIL'] ?? 1)

/** Share of the requests that end the process. */
const crashShare = Number(process.env['SHOP_CRASH_SHARE'] ?? 0)

const catalogue = [
  { id: 1, name: 'Garlic, braided', price: 4.5 },
  { id: 2, name: 'Mirror, full length', price: 89 },
  { id: 3, name: 'Blackout curtain', price: 39.9 },
  { id: 4, name: 'Sun cream, factor 1000', price: 24 },
]
const carts = new Map<string, number[]>()
const CARTS_KEPT = 10_000

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://shop')
  if (url.pathname === '/health') answer(response, 200, { status: 'up', version })
  else setTimeout(() => serve(request, response, url), thinkingMs())
})

/** The time that a database would take: log-normal around 30 ms, the slowest 1 % above some 60 ms. */
function thinkingMs(): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
  const ms = 30 * Math.exp(0.3 * normal)
  return normal > 1.88 ? ms * slowTail : ms
}

function serve(request: IncomingMessage, response: ServerResponse, url: URL): void {
  if (Math.random() < crashShare) process.exit(1)
  const [status, body] = page(request.method ?? 'GET', url)
  answer(response, status, body)
}

function page(method: string, url: URL): readonly [status: number, body: unknown] {
  if (Math.random() < errorShare) return [500, { error: 'cannot read property \'price\' of undefined' }]
  const product = /^\/products\/(\d+)$/.exec(url.pathname)
  if (url.pathname === '/') return [200, { shop: 'Nosferatu & Daughters', version, products: catalogue.length }]
  if (url.pathname === '/products') return [200, catalogue]
  if (product) {
    const found = catalogue.find(({ id }) => id === Number(product[1]))
    return found ? [200, found] : [404, { error: 'no such product' }]
  }
  return url.pathname === '/cart' && method === 'POST' ? addToCart(url) : [404, { error: 'no such page' }]
}

function addToCart(url: URL): readonly [status: number, body: unknown] {
  const user = url.searchParams.get('user') ?? 'anonymous'
  const cart = [...(carts.get(user) ?? []), Number(url.searchParams.get('product') ?? 1)].slice(-20)
  if (carts.size > CARTS_KEPT) carts.clear()
  carts.set(user, cart)
  return [201, { user, cart }]
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-shop-version': version })
  response.end(JSON.stringify(body))
}

server.keepAliveTimeout = 65_000
server.listen(port, process.env['HOST'] ?? '127.0.0.1', () => console.log(`shop ${version} listens on ${port}`))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
