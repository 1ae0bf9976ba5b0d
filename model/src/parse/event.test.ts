import { describe, expect, test } from 'vitest'
import { parseEvent, parseEventQuery, parseEvents } from './event.ts'

const codes = (parsed: ReturnType<typeof parseEvent> | ReturnType<typeof parseEventQuery>) => parsed.is === 'refused' ? parsed.problems.map(problem => problem.code) : []

describe('events', () => {
  test('one tag may stand alone, and a value may be anything', () => {
    expect(parseEvent('tags: shop\nvalue: { a: [1, null] }\n')).toEqual({ is: 'ok', value: { tags: ['shop'], value: { a: [1, null] } } })
  })

  test('an exported event can be posted again', () => {
    const exported = '{"id":"3f","version":"1.0","tags":["a","a:b"],"type":"metrics","value":"1","timestamp":"2030-01-01T00:00:00.000Z","digest":"x"}'

    expect(parseEvent(exported)).toEqual({ is: 'ok', value: { tags: ['a', 'a:b'], type: 'metrics', value: '1', timestamp: '2030-01-01T00:00:00.000Z' } })
  })

  test('several come as a list', () => {
    expect(parseEvents('[{"tags":["a"]},{"tags":["b"]}]')).toEqual({ is: 'ok', value: [{ tags: ['a'] }, { tags: ['b'] }] })
    expect(parseEvents('tags: [a]')).toEqual({ is: 'ok', value: [{ tags: ['a'] }] })
    expect(parseEvents('- tags: [a]\n- tag: b\n')).toMatchObject({ is: 'refused', problems: [{ path: '[1]/tags' }, { code: 'UnexpectedElement', hint: "did you mean 'tags'?" }].map(({ path: _, ...problem }) => problem) })
  })

  test.each([
    ['type: a', 'MissingPathValueError'], ['tags: []', 'NoTagEventError'], ['{tags: a, type: "a b"}', 'EventTypeError'], ['{tags: a, timestamp: soon}', 'EventTimestampError'],
    ['{tags: a, timestamp: 2030-13-45T00:00:00Z}', 'EventTimestampError'],
  ])('%s is refused', (text, code) => {
    expect(codes(parseEvent(text))).toEqual([code])
  })
})

describe('questions about events', () => {
  test('times stay as they were written', () => {
    expect(parseEventQuery('{"tags":["a"],"timestamp":{"gte":"now-5m","lt":"now"},"aggregator":{"type":"p99.9","field":"metrics"}}'))
      .toEqual({ is: 'ok', value: { tags: ['a'], timestamp: { gte: 'now-5m', lt: 'now' }, aggregator: { type: 'p99.9', field: 'metrics' } } })
  })

  test.each([
    ['{tags: a, timestamp: {lt: 1, lte: 2}}', 'EventQueryTimeError'], ['{tags: a, aggregator: {type: median}}', 'UnsupportedAggregatorError'], ['{tags: a, aggregator: {type: p101}}', 'UnsupportedAggregatorError'], ['type: a', 'MissingPathValueError'],
  ])('%s is refused', (text, code) => {
    expect(codes(parseEventQuery(text))).toEqual([code])
  })
})
