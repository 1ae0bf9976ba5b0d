import { expect, test } from 'vitest'
import { evaluateSignal, leafName, leavesOf, parseSignal, signalNature } from './scaling-signal.ts'

const read = (text: string) => {
  const parsed = parseSignal(text)
  if (parsed.is === 'refused') throw new Error(parsed.problems[0]?.message)
  return parsed.value
}
const values: Readonly<Record<string, number>> = { requests: 100, 'event:jobs-open': 7, latency_p99: 40, cpu: 80, 'count:sale': 3 }

test.each([
  ['requests', 100], ['requests + 2 * event:jobs-open', 114], ['(requests + 20) / 2', 60], ['max(cpu, latency_p99) - 10', 70], ['min(3, count:sale * 2)', 3], ['100 - 20 - 30', 50],
])('%s is %d', (text, expected) => {
  expect(evaluateSignal(read(text), leaf => values[leafName(leaf)])).toBe(expected)
})

test('what is not known, or divided by nothing, is not known', () => {
  expect(evaluateSignal(read('requests + memory'), leaf => values[leafName(leaf)])).toBeUndefined()
  expect(evaluateSignal(read('requests / (cpu - 80)'), leaf => values[leafName(leaf)])).toBeUndefined()
})

test.each([['rps', 1], ['requests +', 11], ['max(cpu', 8], ['requests cpu', 10], ['latency', 1], ['event:', 1]])('%s is refused at column %d', (text, column) => {
  expect(parseSignal(text)).toMatchObject({ is: 'refused', problems: [{ at: { column } }] })
})

test('levels are shared by all instances, sums divided among them', () => {
  expect([signalNature(read('max(cpu, latency_p95)')), signalNature(read('requests')), signalNature(read('cpu + event:x'))]).toEqual(['level', 'sum', 'sum'])
  expect(leavesOf(read('requests + requests * cpu')).map(leafName)).toEqual(['requests', 'cpu'])
})
