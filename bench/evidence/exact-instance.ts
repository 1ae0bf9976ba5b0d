/** An instance that answers after as many milliseconds as it is asked to. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const server = createServer((request, response) => {
  const query = new URLSearchParams(request.url?.split('?')[1])
  setTimeout(() => response.writeHead(Number(query.get('status') ?? 200), { 'content-type': 'text/plain' }).end('ok\n'), Number(query.get('ms') ?? 0))
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
