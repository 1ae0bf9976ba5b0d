import { expect, test } from 'vitest'
import { imagePushPolicy, readPushes, wants } from './image-push.ts'

test('what Docker Hub, Harbor and OCI registries tell of a push is the same', () => {
  expect(readPushes({ callback_url: 'https://registry.hub.docker.com/u/…', push_data: { pushed_at: 1, pusher: 'ann', tag: '1.1' }, repository: { name: 'web', namespace: 'ann', repo_name: 'ann/web', status: 'Active' } }))
    .toEqual([{ repository: 'ann/web', tag: '1.1' }])
  expect(readPushes({ type: 'PUSH_ARTIFACT', occur_at: 1, operator: 'admin', event_data: { resources: [{ digest: 'sha256:8a', tag: '1.1', resource_url: 'hub.example/shop/web:1.1' }], repository: { name: 'web', namespace: 'shop', repo_full_name: 'shop/web', repo_type: 'private' } } }))
    .toEqual([{ repository: 'hub.example/shop/web', tag: '1.1' }])
  expect(readPushes({ events: [
    { id: '1', action: 'push', target: { mediaType: 'application/vnd.docker.distribution.manifest.v2+json', digest: 'sha256:8a', repository: 'shop/web', tag: '1.1' }, request: { host: '127.0.0.1:5000', method: 'PUT' } },
    { id: '2', action: 'push', target: { mediaType: 'application/octet-stream', digest: 'sha256:9b', repository: 'shop/web' }, request: { host: '127.0.0.1:5000' } },
    { id: '3', action: 'pull', target: { repository: 'shop/web', tag: '1.1' }, request: { host: '127.0.0.1:5000' } },
  ] })).toEqual([{ repository: '127.0.0.1:5000/shop/web', tag: '1.1' }])
})

test('what is no push is nothing; what is none of the forms is not understood', () => {
  expect(readPushes({ type: 'SCANNING_COMPLETED', event_data: { resources: [{ tag: '1', resource_url: 'a/b:1' }] } })).toEqual([])
  for (const other of [undefined, 'push', [], {}, { push_data: { tag: '1' } }]) expect(readPushes(other)).toBeUndefined()
})

test('a policy wants the tags of its pattern of its own image, by any of the names of Docker’s own registry', () => {
  const policy = imagePushPolicy({ image_push: { image: 'docker.io/library/web', tags: '1.*' } })
  if (!policy || 'wrong' in policy) return expect.fail()

  expect(policy).toEqual({ image: 'web', tags: '1.*', release: {} })
  expect(['1.1', '1.', '11', '2.1', 'latest'].map(tag => wants(policy, { repository: 'web', tag }))).toEqual([true, true, false, false, false])
  expect(wants(policy, { repository: 'other', tag: '1.1' })).toBe(false)
  expect(imagePushPolicy({})).toBeUndefined()
  expect(imagePushPolicy({ image_push: true })).toEqual({ wrong: expect.stringContaining('needs an image') })
  expect(imagePushPolicy({ image_push: { image: 'a', release: 'canary' } })).toEqual({ wrong: expect.stringContaining('map') })
})
