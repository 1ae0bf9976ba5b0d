/** What registries tell of pushed images begins releases, where a cluster has a policy for it. */
import { type Static, Type } from '@sinclair/typebox'
import { type Endpoint, endpoint } from './endpoint.ts'

export const ImagePushAnswer = Type.Object({
  images: Type.Array(Type.String()),
  releases: Type.Array(Type.String(), { description: 'that were begun' }),
  skipped: Type.Array(Type.Object({ cluster: Type.String(), why: Type.String() }), { description: 'clusters whose policy wants the image, and why nothing happens there' }),
})
export type ImagePushAnswer = Static<typeof ImagePushAnswer>

export const imagePushes = {
  tell: endpoint({
    method: 'POST', path: '/image-pushes', role: 'anyone', group: 'releases', summary: 'A registry tells of an image: Docker Hub, Harbor, or any OCI distribution. Needs the token of an operator, or the secret of --image-push-secret',
    query: Type.Object({ secret: Type.Optional(Type.String({ description: 'for registries that send no header' })) }),
    body: { is: 'text', media: 'application/json' }, answer: { is: 'data', status: 202, schema: ImagePushAnswer },
  }),
} satisfies Record<string, Endpoint>
