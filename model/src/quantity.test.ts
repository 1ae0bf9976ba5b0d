import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCpu, parseMemory, parsePercentage, parseTime, printMemory, printPercentage, printPort, printTime } from './quantity.ts'

const CORPUS = new URL('../../../shared/corpus/units.json', import.meta.url)
const PARSERS: Readonly<Record<string, (text: string) => number | undefined>> = { Percentage: parsePercentage, MegaByte: parseMemory, Quantity: parseCpu, Time: parseTime }

test.skipIf(!existsSync(CORPUS))('every quantity of the original reads as it did', () => {
  const { unit_values } = JSON.parse(readFileSync(CORPUS, 'utf8')) as { unit_values: { unit: string; input: string; value?: number }[] }

  const read = unit_values.map(({ unit, input }) => ({ unit, input, value: PARSERS[unit]?.(input) }))

  expect(read).toEqual(unit_values.map(({ unit, input, value }) => ({ unit, input, value })))
})

describe('percentages', () => {
  test.each([['2.5%', 2.5], ['.5 %', 0.5], [' 100 % ', 100], ['0%', 0]])('%s is read', (text, value) => {
    expect(parsePercentage(text)).toBe(value)
  })

  test.each(['101%', '100.1%', '-1%', '50', '%', '1e1%', '5 0%', '1000%'])('%s is refused', text => {
    expect(parsePercentage(text)).toBeUndefined()
  })

  test('what is printed is read back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 10_000 }), hundredths => {
      expect(parsePercentage(printPercentage(hundredths / 100))).toBe(hundredths / 100)
    }))
  })
})

describe('memory', () => {
  test('it is printed in megabytes with two digits, and with more where they count', () => {
    expect([64, 0.128, 131.072, 1000].map(printMemory)).toEqual(['64.00MB', '0.128MB', '131.072MB', '1000.00MB'])
  })

  test('a binary gigabyte, which the original misread, is 1024 megabytes', () => {
    expect(parseMemory('2Gi')).toBe(2048)
  })

  test.each(['64', 'MB', '1TB', '-1MB', '1.2.3MB', `${'9'.repeat(400)}MB`])('%s is refused', text => {
    expect(parseMemory(text)).toBeUndefined()
  })

  test('what is printed is read back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.constantFrom('KB', 'Ki', 'MB', 'Mi', 'GB'), (amount, unit) => {
      const value = parseMemory(`${amount}${unit}`) ?? Number.NaN
      expect(parseMemory(printMemory(value))).toBe(value)
    }))
  })
})

test('cores are numbers or thousandths', () => {
  expect(['500m', '1.5', '2', '.25', 'x', '', '1 2', 'm'].map(parseCpu)).toEqual([0.5, 1.5, 2, 0.25, undefined, undefined, undefined, undefined])
})

test('times need a unit without a space before it', () => {
  expect(['200ms', '0.5s', '2hrs', '5 m', '10', 'm', '1d', '-1s'].map(parseTime)).toEqual([0.2, 0.5, 7200, undefined, undefined, undefined, undefined, undefined])
})

test('a time that is printed is read back', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 100_000_000 }), ms => { expect(parseTime(printTime(ms / 1000))).toBe(ms / 1000) }))
})

test('ports are printed with their type unless it is http', () => {
  const port = { name: 'p', number: 8080, type: 'http' as const }
  expect([port, { ...port, type: 'tcp' as const }, { ...port, number: 0, expression: '$db.ports.sql' }].map(printPort)).toEqual(['8080', '8080/tcp', '$db.ports.sql'])
})
