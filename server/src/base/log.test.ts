import { virtualClock } from '@vamp/agent/base/virtual-clock'
import { Fault } from '@vamp/model/fault'
import { expect, test } from 'vitest'
import { type LogLevel, openLog } from './log.ts'

function lines(format: 'json' | 'human', level: LogLevel = 'debug') {
  const written: string[] = []
  const log = openLog({ level, format, clock: virtualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6)), to: { write: line => written.push(line) } })
  return { log, written, first: () => JSON.parse(written[0] ?? '') as Record<string, unknown> }
}

test('a line has its time, its level, a constant message and its facts', () => {
  const { log, first } = lines('json')

  log.info('routes applied', { gateway: 'shop/web', steps: 3 })

  expect(first()).toEqual({ level: 'info', time: '2026-01-02T03:04:05.006Z', message: 'routes applied', gateway: 'shop/web', steps: 3 })
})

test('the human form has the same on one line', () => {
  const { log, written } = lines('human')

  log.warn('slow', { gateway: 'shop/web', why: 'a reason' })

  expect(written).toEqual(['03:04:05.006 WARN  slow  gateway=shop/web  why="a reason"\n'])
})

test('lines below the level are not written', () => {
  const { log, written } = lines('json', 'warn')

  log.debug('a')
  log.info('b')
  log.warn('c')

  expect(written).toHaveLength(1)
})

test('a fault shows code, facts and cause; a bug shows its stack', () => {
  const { log, written } = lines('json')

  log.error('failed', { error: new Fault('proxy_unreachable', 'no answer', { socket: '/s' }, { cause: new Error('ECONNREFUSED') }) })

  const { error } = JSON.parse(written[0] ?? '') as { error: { code: string; facts: unknown; cause: { message: string; stack: string } } }
  expect(error).toMatchObject({ code: 'proxy_unreachable', facts: { socket: '/s' }, cause: { message: 'ECONNREFUSED' } })
  expect(error.cause.stack).toContain('log.test')
})

test('secrets do not reach the log, and facts do not overwrite the line', () => {
  const { log, first } = lines('json')

  log.info('login', { token: 'abc', request: { Authorization: 'Bearer abc' }, message: 'theirs', level: 9 })

  expect(JSON.stringify(first())).not.toContain('abc')
  expect(first()).toMatchObject({ message: 'login', level: 'info', message_: 'theirs', level_: 9 })
})
