/** Who may use the API. */
import { type TokenView, tokens } from '@vamp/model/api/tokens'
import { Fault } from '@vamp/model/fault'
import type { Token } from '@vamp/model/token'
import { nothing, type Route, route, value } from './route.ts'
import type { World } from './world.ts'

export function tokenRoutes({ tokens: all, events }: World): Route[] {
  const told = (by: string, name: string, verb: 'create' | 'delete', role?: string) =>
    events.append([{ type: 'archive', tags: [`tokens:${name}`, `archive:${verb}`], value: { by, ...(role === undefined ? {} : { role }) } }])
  return [
    route(tokens.list, async () => value((await all.list()).map(view))),
    route(tokens.create, async ({ body, who }) => {
      const { token, secret } = await all.issue(body)
      await told(who.name, token.name, 'create', token.role)
      return value({ ...view(token), token: secret })
    }),
    route(tokens.revoke, async ({ path, who }) => {
      if (!await all.revoke(path.name)) throw new Fault('not_found', `There is no token '${path.name}'.`)
      await told(who.name, path.name, 'delete')
      return nothing
    }),
  ]
}

function view({ hash: _, ...token }: Token): TokenView {
  return token
}
