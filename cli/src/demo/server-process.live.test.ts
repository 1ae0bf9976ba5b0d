import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startServer } from './server-process.ts'

const MAIN = join(import.meta.dirname, '../../bin/vamp.mjs')

test('a server that is somebody else\'s is never taken for the demonstration\'s own', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-demo-'))
  const asked: string[] = []
  const other = createServer((request, response) => { asked.push(request.url ?? ''); response.end('{}') })
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  try {
    await expect(startServer({ main: MAIN, directory, port, gateway: 'embedded', containers: 'process', docker: 'unix:///nowhere.sock' })).rejects.toThrow(new RegExp(`${port}.* in use`))
    expect(asked).toEqual([])
  } finally {
    other.closeAllConnections()
    other.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
