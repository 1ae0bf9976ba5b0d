import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { registryCredentials, registryOf } from './registry-credentials.ts'

function place(config: object | string): { file: string; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-credentials-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'config.json')
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config))
  return { file, directory }
}

const read = async (file: string, image: string) => {
  const header = await registryCredentials(file)(image)
  return header === undefined ? undefined : JSON.parse(Buffer.from(header, 'base64url').toString()) as unknown
}
const basic = (text: string) => ({ auth: Buffer.from(text).toString('base64') })

test('the registry of an image is its first part where that looks like a host', () => {
  expect(['shop', 'library/shop:1', 'ghcr.io/a/shop', 'localhost/shop', '127.0.0.1:5000/shop:1'].map(registryOf)).toEqual(['docker.io', 'docker.io', 'ghcr.io', 'localhost', '127.0.0.1:5000'])
})

test('what docker login wrote is found for the image’s registry alone', async () => {
  const { file } = place({ auths: { 'https://index.docker.io/v1/': basic('ann:a:b'), '127.0.0.1:5000': { identitytoken: 't' }, 'https://quay.io/v2/': basic('q:r') } })

  expect(await read(file, 'shop:1')).toEqual({ username: 'ann', password: 'a:b', serveraddress: 'https://index.docker.io/v1/' })
  expect(await read(file, '127.0.0.1:5000/shop')).toEqual({ identitytoken: 't', serveraddress: '127.0.0.1:5000' })
  expect(await read(file, 'quay.io/x/shop')).toEqual({ username: 'q', password: 'r', serveraddress: 'quay.io' })
  expect(await read(file, 'ghcr.io/shop')).toBeUndefined()
})

test('a helper is asked where the file names one', async () => {
  const { file, directory } = place({ credHelpers: { 'ghcr.io': 'vamptest' }, auths: { 'quay.io': basic('q:r') } })
  const helper = join(directory, 'docker-credential-vamptest')
  writeFileSync(helper, '#!/bin/sh\nread server\necho "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$server\\"}"\n')
  chmodSync(helper, 0o755)
  const path = process.env['PATH']
  process.env['PATH'] = `${directory}:${path}`
  onTestFinished(() => { process.env['PATH'] = path })

  expect(await read(file, 'ghcr.io/shop')).toEqual({ username: 'get', password: 'ghcr.io', serveraddress: 'ghcr.io' })
  expect(await read(file, 'quay.io/shop')).toMatchObject({ username: 'q' })
})

test('no file is no credentials; a broken one is said so', async () => {
  expect(await read('/nowhere/config.json', 'shop')).toBeUndefined()
  await expect(read(place('{').file, 'shop')).rejects.toMatchObject({ code: 'invalid' })
})
