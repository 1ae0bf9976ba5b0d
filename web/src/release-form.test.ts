import { parseArtifact } from '@vamp/model/parse/document'
import { expect, test } from 'vitest'
import { bodyOf, releaseName, USUAL } from './release-form.ts'

const place = { deployment: 'shop', cluster: 'web', to: 'web:1.1', name: 'shop-web-1.1' }
const read = (body: object) => parseArtifact('releases', JSON.stringify(body))

test('a form that was left as it is says nothing but where and what', () => {
  expect(bodyOf({ ...USUAL, ...place })).toEqual({ kind: 'release', name: 'shop-web-1.1', deployment: 'shop', cluster: 'web', to: 'web:1.1' })
})

test('what the form calls usual is what the language does without being told', () => {
  const spelled = { ...bodyOf({ ...USUAL, ...place }), confidence: `${USUAL.confidence}%`, exposure: { bad_requests: Number(USUAL.badRequests) }, keep: USUAL.keep, clock: { minimum: USUAL.minimum, maximum: USUAL.maximum, load_check: USUAL.loadCheck, hold_back: USUAL.holdBack } }

  expect(read(spelled)).toEqual(read(bodyOf({ ...USUAL, ...place })))
})

test('every choice gets into a release that the language understands', () => {
  const parsed = read(bodyOf({ ...USUAL, ...place, instances: '3', confidence: '99.9', badRequests: '50', steps: '1, 5 50%', hold: '1m', minimum: '1m', maximum: '10m', loadCheck: '30s', holdBack: '1m', keep: '5m' }))

  expect(parsed).toMatchObject({ is: 'ok', value: { instances: 3, confidence: 99.9, exposure: { bad_requests: 50 }, ramp: { is: 'ladder', steps: [1, 5, 50], hold: 60 }, keep: 300, clock: { minimum: 60, maximum: 600, load_check: 30, hold_back: 60 } } })
})

test('a release is named after what it is', () => {
  expect(releaseName(place)).toBe('shop-web-1.1')
  expect(releaseName({ ...place, to: 'front/api:2' })).toBe('shop-web-front-api-2')
})

test('strategy, audience, objectives and gates get into a release that the language understands', () => {
  const parsed = read(bodyOf({
    ...USUAL, ...place, strategy: 'blue-green', audience: 'has cookie beta', objectives: [{ metric: 'error_rate', margin: '0.2', goal: 'not-worse' }, { metric: 'event:purchase', margin: '', goal: 'better' }],
    inFlight: 'replace', visitors: '5',
    gates: [{ is: 'approve', what: 'QA', before: '50' }, { is: 'window', what: 'Mon-Thu 09:00-16:00 Europe/Amsterdam', before: '' }],
  }))

  expect(parsed).toMatchObject({ is: 'ok', value: { strategy: 'blue-green', in_flight: 'replace', visitors: { rate: 5 }, audience: 'has cookie beta', objectives: [{ metric: 'error_rate', margin: 0.002 }, { metric: 'event:purchase', goal: 'better' }], gates: [{ is: 'approve', who: 'QA', before: 50 }, { is: 'window' }] } })
})
