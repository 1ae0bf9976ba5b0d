import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { socketDirectory } from './socket-directory.ts'

test('a HAProxy lives in the data directory, unless a socket cannot', () => {
  expect(socketDirectory('/var/lib/vamp')).toBe('/var/lib/vamp/haproxy')
  for (const data of ['/home/mina/with spaces', `/${'deep/'.repeat(20)}`]) {
    const other = socketDirectory(data)
    expect(other.startsWith(`${tmpdir()}/vamp-`)).toBe(true)
    expect(socketDirectory(data)).toBe(other)
    expect(socketDirectory(`${data}2`)).not.toBe(other)
  }
})
