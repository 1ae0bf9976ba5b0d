/** The page about gateways is held to what is true. */
import { readFileSync } from 'node:fs'
import { reloadReason } from '@vamp/agent/proxy/haproxy/reload-reason'
import { expect, test } from 'vitest'

const PAGE = readFileSync(new URL('../../docs/gateways.md', import.meta.url), 'utf8')

test('what costs a reload is told, all of it and nothing else', () => {
  const told: { readonly [name in keyof typeof reloadReason]: string } = {
    newPort: reloadReason.newPort(9050), portClosed: reloadReason.portClosed(9050), portPasses: reloadReason.portPasses(9050, 'shop/web'), mode: reloadReason.mode('shop/web', 'tcp'),
    policy: reloadReason.policy('shop/web'), certificate: reloadReason.certificate('shop/web'), rawCondition: reloadReason.rawCondition('shop/web'), split: reloadReason.split('shop/web'),
    turns: reloadReason.turns('shop/web'), frontend: reloadReason.frontend('shop/web'), backend: reloadReason.backend('shop/web web:1.1'), sparesUsed: reloadReason.sparesUsed(),
    sharedPort: reloadReason.sharedPort(8080), sharedOff: reloadReason.sharedOff(), sharedFrontend: reloadReason.sharedFrontend(), stranger: reloadReason.stranger('…'),
    filesGone: reloadReason.filesGone(),
  }

  const table = PAGE.slice(PAGE.indexOf('| reason, as it is told |')).split('\n\n')[0] ?? ''
  const listed = table.split('\n').slice(2).flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, reason]) => reason))
  expect(listed.sort()).toEqual(Object.values(told).sort())
})
