import { expect, test } from 'vitest'
import { table, textWidth } from './table.ts'

const columns = [{ title: 'NAME' }, { title: 'N', right: true }, { title: 'WHY', flexible: true }]

test('columns are as wide as their widest cell, numbers to the right, no blanks at the end', () => {
  expect(table(columns, [['a', '1', 'x'], ['longer', '100', '']], { width: 80 })).toBe('NAME      N  WHY\na         1  x\nlonger  100\n')
})

test('a narrow terminal cuts what may be cut, and nothing else', () => {
  const lines = table(columns, [['a-name-that-stays', '1', 'a sentence that is much too long for this']], { width: 40 }).split('\n')

  expect(lines.slice(0, 2)).toEqual(['NAME               N  WHY', 'a-name-that-stays  1  a sentence that i…'])
  expect(table(columns, [['n'.repeat(60), '1', 'reason']], { width: 40 })).toContain('n'.repeat(60))
})

test('wide characters and several code units count as they are shown', () => {
  expect([textWidth('abc'), textWidth('漢字'), textWidth('🚀'), textWidth('é'), textWidth('👩‍🚀')]).toEqual([3, 4, 2, 1, 2])
  expect(table(columns, [['漢字', '1', 'x'], ['abcd', '2', 'y']], { width: 80 }).split('\n').slice(1, 3).map(textWidth)).toEqual([10, 10])
})

test('a cell with line ends stays one row', () => {
  expect(table(columns, [['a', '1', 'first\n  second']], { width: 80 })).toContain('first second\n')
})
