/** An instance that answers after as many milliseconds as it is asked to. Requests have no bodies, so that it is quick. */
import { createServer, type AddressInfo } from 'node:net'

const HEAD_END = '\r\n\r\n'

const server = createServer(socket => {
  let text = ''
  socket.setNoDelay(true)
  socket.setEncoding('latin1')
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    text += chunk
    for (let end = text.indexOf(HEAD_END); end >= 0; end = text.indexOf(HEAD_END)) {
      const [, ms = '0', status = '200'] = /ms=([\d.]+)&status=(\d+)/.exec(text) ?? []
      text = text.slice(end + HEAD_END.length)
      setTimeout(() => { if (!socket.destroyed) socket.write(`HTTP/1.1 ${status} x\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nok\n`) }, Number(ms))
    }
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
