import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configOf, configurationPage, needsToken, readConfig } from './config.ts'

test('options are read from flags, then the environment, then defaults', () => {
  const read = readConfig({ port: '1234' }, { VAMP_PORT: '99', VAMP_GATEWAY: 'embedded' })

  expect(read).toEqual(expect.objectContaining({ is: 'ok', config: expect.objectContaining({ port: 1234, gateway: 'embedded', bind: '127.0.0.1', gatewayPorts: { from: 40_000, to: 45_000 } }) }))
  expect(read.is === 'ok' && [read.sources['port'], read.sources['gateway'], read.sources['bind']]).toEqual(['flag', 'environment', 'default'])
})

test('every mistake is told at once, where it was made', () => {
  expect(readConfig({ port: '70000', gateway: 'nginx' }, { VAMP_GATEWAY_PORTS: '9-1' })).toEqual({ is: 'refused', reasons: [
    expect.stringContaining("--port: '70000'"), expect.stringContaining("--gateway: 'nginx' is not one of auto|haproxy|"), expect.stringContaining("VAMP_GATEWAY_PORTS: '9-1'"),
  ] })
})

test('nobody is let in from other machines without tokens', () => {
  expect(readConfig({ bind: '0.0.0.0' }, {})).toEqual({ is: 'refused', reasons: [expect.stringContaining('--auth on')] })
  expect(readConfig({ bind: '0.0.0.0', auth: 'off' }, {}).is).toBe('refused')
  expect(readConfig({ bind: '0.0.0.0', auth: 'on' }, {}).is).toBe('ok')
  expect([needsToken(configOf()), needsToken(configOf({ auth: 'on' })), needsToken(configOf({ bind: '::1' }))]).toEqual([false, true, false])
})

test('memory keeps nothing', () => {
  const read = readConfig({ data: 'memory' }, {})

  expect(read.is === 'ok' && 'data' in read.config).toBe(false)
})

test('docs/configuration.md says what there is', () => {
  const file = new URL('../../docs/configuration.md', import.meta.url)
  if (process.env['UPDATE']) writeFileSync(file, configurationPage())

  expect(readFileSync(file, 'utf8')).toBe(configurationPage())
})
