import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import { eventText } from './events.ts'

const sentence = 'Rolled back after 12 s. The new version failed 9 of 180 requests; the old version, in the same seconds, 0 of as many.'
const told = { id: '1', timestamp: '2030-01-02T03:04:05.678Z', type: 'release', tags: ['releases', 'releases:r', 'release:rolled_back'], value: { sentence } }
const at = (columns: number, terminal = true) => ({ columns, terminal, colours: createColors(false) })

test('a sentence that does not fit beside its tags stands beneath them, to its end and between words', () => {
  expect(eventText(told, at(80))).toBe([
    '2030-01-02 03:04:05  release         releases:r release:rolled_back',
    '                     Rolled back after 12 s. The new version failed 9 of 180',
    '                     requests; the old version, in the same seconds, 0 of as',
    '                     many.', '',
  ].join('\n'))
})

test('tags go on beneath each other where the terminal is narrow', () => {
  expect(eventText({ ...told, tags: ['releases:r', 'deployments:shop', 'clusters:web'], value: undefined }, at(72))).toBe([
    '2030-01-02 03:04:05  release         releases:r deployments:shop',
    '                                     clusters:web', '',
  ].join('\n'))
})

test('where it fits, and where nobody looks at it, an event is one line', () => {
  const line = `2030-01-02 03:04:05  release         releases:r release:rolled_back  ${sentence}\n`

  expect(eventText(told, at(200))).toBe(line)
  expect(eventText(told, at(80, false))).toBe(line)
})

test('data takes no more than one line of its own', () => {
  const text = eventText({ ...told, value: { names: Array.from({ length: 30 }, (_, index) => `name ${index}`) } }, at(80))

  expect(text.split('\n').map(line => line.length)).toEqual([67, 80, 0])
})
