import { describe, expect, test } from 'vitest'
import { Samples } from '../samples.ts'
import { logParser, nameHash } from './log-line.ts'
import type { LogNames, ReadBefore } from './log-line.ts'

const place = (route: string, instance = '') => ({ gateway: 'shop', route, instance })
const names: LogNames = {
  gateways: [undefined, place('')],
  backends: [undefined, undefined, { route: place('shop/web'), servers: new Map([[nameHash('web-1'), place('shop/web', 'web-1')], [nameHash('h:12'), place('shop/web', 'ä/1')]]) }],
}
const parse = (text: string, { pieces = [text.length], read = undefined as ReadBefore | undefined } = {}) => {
  const counted: number[][] = []
  const samples = new Samples()
  const parser = logParser(() => names, { count: (...args) => { counted.push(args) } }, () => {}, read)
  // What is read into is read into again.
  const buffer = Buffer.alloc(text.length * 2)
  const bytes = new TextEncoder().encode(text)
  let at = 0
  for (const piece of [...pieces, bytes.length]) {
    const chunk = bytes.subarray(at, at + piece)
    buffer.fill('x').set(chunk)
    parser.push(buffer.subarray(0, chunk.length), samples)
    at += piece
  }
  return { samples: [...samples], counted }
}
const line = (over: Partial<Record<'kind' | 'backend' | 'server' | 'status' | 'by' | 'header' | 'ending', string>> = {}) => {
  const { kind = 'h', backend = 'b2', server = 'web-1', status = '200', by = '-', header = '1500', ending = '--' } = over
  return `${kind}17 g1 ${backend} ${server} ${status} ${by} ${header} 3 340 ${ending} 3 1795249143\n`
}

describe('a line of the request log', () => {
  test('becomes a sample', () => {
    expect(parse(line())).toEqual({
      counted: [[1, 17]],
      samples: [{ gateway: 'shop', route: 'shop/web', instance: 'web-1', by: 'weight', status: 200, error: false, latencyMs: 1.5, bytes: 340, endedAt: 1795249143000, part: 3 }],
    })
  })

  test('is read wherever the stream was cut', () => {
    const text = line() + line({ by: 'b2', server: 'h:12' }) + line({ status: '404' })
    const whole = parse(text)
    expect(whole.samples.map(({ by, instance, status }) => [by, instance, status])).toEqual([['weight', 'web-1', 200], ['condition', 'ä/1', 200], ['weight', 'web-1', 404]])
    for (let cut = 0; cut <= text.length; cut++) expect(parse(text, { pieces: [cut] })).toEqual(whole)
    expect(parse(text, { pieces: Array(text.length).fill(1) })).toEqual(whole)
  })

  test('without an answer takes its whole time', () => {
    expect(parse(line({ backend: 'lost', server: '<NOSRV>', status: '503', header: '-', ending: 'SC' })).samples).toMatchObject([
      { gateway: 'shop', route: '', instance: '', status: 503, error: true, latencyMs: 3 },
    ])
  })

  test('of what never became a request takes no time', () => {
    expect(parse(line({ backend: 'lost', server: '<NOSRV>', status: '400', header: '-', ending: 'CR' })).samples).toMatchObject([{ status: 400, ending: 'client', latencyMs: 0 }])
  })

  test('of an error tells what was asked for, wherever the stream was cut', () => {
    const text = line({ status: '500', header: '1500:GET:/a:b/ä' }) + line({ status: '502', header: '12:PROPFIND:', ending: 'SH' }) + line({ header: '7:GET:/fine' }) + line()
    const whole = parse(text)
    expect(whole.samples.map(({ status, latencyMs, asked }) => [status, latencyMs, asked])).toEqual([
      [500, 1.5, { method: 'GET', path: '/a:b/Ã¤' }], [502, 0.012, { method: 'PROPFIND', path: '' }], [200, 0.007, undefined], [200, 1.5, undefined],
    ])
    for (let cut = 0; cut <= text.length; cut++) expect(parse(text, { pieces: [cut] })).toEqual(whole)
  })

  test('of a tcp connection has no status', () => {
    expect(parse(line({ kind: 't', status: '0', header: '2' })).samples).toMatchObject([{ route: 'shop/web', status: 0, error: false, latencyMs: 2 }])
  })

  test.each([
    ['--', '200', false], ['--', '500', true], ['SC', '503', true], ['sH', '504', true], ['SD', '200', true], ['sD', '200', true],
    ['CD', '200', false], ['CH', '0', false], ['CC', '503', false], ['cD', '200', false], ['CD', '500', true],
    ['PR', '429', false], ['PR', '503', true], ['LR', '301', false], ['RC', '503', true], ['IH', '500', true], ['SH', '502', true],
  ])('that ended in %s with %s is an error: %s', (ending, status, error) => {
    expect(parse(line({ ending, status })).samples[0]?.error).toBe(error)
  })

  test.each([['--', undefined], ['CD', 'client'], ['cD', 'client'], ['SC', 'connect'], ['sC', 'timeout'], ['sQ', 'queue'], ['SQ', 'queue'], ['SD', 'server'], ['sH', 'timeout'], ['PR', 'refused'], ['LR', undefined], ['RC', 'proxy'], ['IH', 'proxy'], ['KD', 'proxy']])('that says %s tells the ending: %s', (ending, told) => {
    expect(parse(line({ ending })).samples[0]?.ending).toBe(told)
  })

  test('that was read before is not read again, wherever the ring begins now', () => {
    const numbered = (counter: number, frontend = 'g1') => line().replace('h17 g1 ', `h${counter} ${frontend} `)
    const ring = ['Proxy f stopped.\n', ...[3, 4, 6, 5, 7].map(counter => numbered(counter)), numbered(0, 'g2')]
    const countersAfter = (text: string, read: ReadBefore) => {
      const whole = parse(text, { read }).counted.map(([, counter]) => counter)
      for (const cut of [1, 40, 77, text.length - 3]) expect(parse(text, { pieces: [cut], read }).counted.map(([, counter]) => counter)).toEqual(whole)
      return whole
    }
    const upTo = (newest: number) => (frontend: number) => frontend === 1 ? newest : undefined
    const last = (counter: number) => new TextEncoder().encode(numbered(counter).trimEnd())

    expect(countersAfter(ring.join(''), { line: last(6), upTo: upTo(6) })).toEqual([5, 7, 0])
    expect(countersAfter(ring.join(''), { line: last(1), upTo: upTo(1) })).toEqual([3, 4, 6, 5, 7, 0])
    expect(countersAfter(ring.join(''), { line: new Uint8Array(0), upTo: () => undefined })).toEqual([3, 4, 6, 5, 7, 0])
    expect(countersAfter(ring.slice(0, 3).join(''), { line: last(4), upTo: upTo(4) })).toEqual([])
  })

  test('that is none of ours gives nothing and harms no other', () => {
    const garbage = ['', ' ', 'h', 'x'.repeat(9_000), 'h', 'h ', 'h1', 'h1 g1 b2', 't2 ', 'h2 g9 b9 s 200 - 1 1 1 -- 1', 'h2 g1 b2 s 200 - 1 1 1 -- 1 1 1', 'h2 g1 b2 s x - 1 1 1 -- 1 1', 'h2 g1 b2 s 200 - 1 1 1 -- 1 1x', '\u0000'.repeat(40)].join('\n')
    expect(parse(`${garbage}\n${line()}`).samples).toHaveLength(1)
    expect(parse(`${'x'.repeat(20_000)}\n${line()}`, { pieces: [5_000, 5_000, 5_000] }).samples).toHaveLength(1)
  })
})
