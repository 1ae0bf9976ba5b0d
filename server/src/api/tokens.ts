/** Who may use the API. */
import { type TokenView, tokens } from '@vamp/model/api/tokens'
import { Fault } from '@vamp/model/fault'
import { withoutHash } from '../auth/tokens.ts'
import { nothing, type Route, route, value } from './route.ts'
import type { World } from './world.ts'

export function tokenRoutes({ tokens: all }: World): Route[] {
  return [
    route(tokens.list, async () => value((await all.list()).map((token): TokenView => withoutHash(token)))),
    route(tokens.create, async ({ body, who }) => {
      const { token, secret } = await all.issue(body, who.name)
      return value({ ...withoutHash(token), token: secret })
    }),
    route(tokens.revoke, async ({ path, who }) => {
      if (!await all.revoke(path.name, who.name)) throw new Fault('not_found', `There is no token '${path.name}'.`)
      return nothing
    }),
  ]
}
