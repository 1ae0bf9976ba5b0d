import { parseCondition } from '@vamp/model/condition/parse'
import { expect, test } from 'vitest'
import { continuations, whoMatches } from './condition-help.ts'

const labels = (text: string) => continuations(text).map(({ label }) => label)

test('it says what may stand next', () => {
  expect(labels('')).toContain('user-agent =')
  expect(labels('us')).toEqual(['user-agent ='])
  expect(labels('user-agent = ')).toContain('Firefox')
  expect(labels('user-agent = F')).toEqual(['Firefox'])
  expect(labels('user-agent = Firefox')).toEqual(['and', 'or'])
  expect(labels('user-agent = Firefox and ')).toContain('has cookie')
  expect(labels('not (device is ')).toEqual(['mobile', 'tablet', 'desktop', 'bot'])
  expect(labels('cookie group ')).toEqual(['is', 'contains'])
})

test('whoever only ever takes the first that is offered writes a condition that parses', () => {
  let text = ''
  for (let step = 0; step < 2; step++) text = continuations(text)[0]?.text ?? text
  expect(text).toBe('user-agent = Firefox')
  expect(parseCondition(text).is).not.toBe('refused')
  for (let step = 0; step < 3; step++) text = continuations(text)[0]?.text ?? text
  expect(text).toBe('user-agent = Firefox and user-agent = Firefox')
})

test('it says for whom it holds', () => {
  const holding = (condition: string) => whoMatches(condition).filter(({ holds }) => holds === true).map(({ who }) => who)

  expect(holding('has cookie beta')).toEqual(['Chrome with the cookie beta'])
  expect(holding('country is GB and user-agent = Android')).toEqual(['Chrome on Android, Great Britain'])
  expect(holding('user-agent = Safari')).toEqual(['Safari on an iPhone, France'])
  expect(whoMatches('has coookie')).toEqual([])
})
