/** `/config`: the options in force, the layers they come from, and the layer that may be written. */
import { system } from '@vamp/model/api/system'
import { Fault } from '@vamp/model/fault'
import { parseSource, plainValue } from '@vamp/model/parse/source'
import type { Problem } from '@vamp/model/problem'
import { byFlag, type Config, OPTIONS, type Texts, withDynamic } from '../config.ts'
import { dynamicWrite } from '../settings/settings.ts'
import { accepted, Refused } from './refused.ts'
import { type Call, type Reply, type Route, route, value } from './route.ts'
import type { World } from './world.ts'

type Options = Readonly<Record<string, unknown>>

export function optionRoutes(world: World): Route[] {
  return [
    route(system.config, async ({ query }) => value(layer(world, query.type))),
    route(system.configKey, async ({ path, query }) => {
      const options = layer(world, query.type)
      const [flag = ''] = Object.keys(byFlag({ [path.key.replace(/^vamp\./, '')]: '' }))
      if (!Object.hasOwn(options, flag)) throw new Fault('not_found', `There is no option '${path.key}'.`)
      return value(options[flag])
    }),
    route(system.putConfig, call => put(world, call)),
    route(system.createConfig, call => put(world, call)),
  ]
}

/** Replaces the dynamic layer. All of it is right, or nothing is stored. */
async function put(world: World, { body, query, who }: Pick<Call<typeof system.putConfig>, 'body' | 'query' | 'who'>): Promise<Reply> {
  const texts = textsIn(body)
  const { config, problems } = withDynamic(world.config, texts)
  if (problems.length > 0) throw new Refused(problems)
  if (query.validate_only) return value(shown(config))
  const [before, after] = [world.settings.dynamic, byFlag(texts)]
  await world.store.transaction([dynamicWrite(after)], [{ type: 'archive', tags: ['configuration', 'archive:update'], value: { by: who.name, source: body, before, after } }])
  return value(shown(config))
}

/** Maps within maps, or dotted names, or both; `vamp.` before them may be left out. How the API itself is reached is passed over, as by the original. */
function textsIn(body: string): Texts {
  if (body.trim() === '') return {}
  const documents = accepted(parseSource(body))
  const [document] = documents
  if (!document || documents.length > 1 || document.root.is !== 'map') throw new Refused([{ code: 'UnexpectedTypeError', message: 'Error: one map of options is expected', path: '' }])
  const problems: Problem[] = []
  const texts: Record<string, string> = {}
  const add = (path: readonly string[], given: unknown) => {
    if (given === null) return
    if (typeof given === 'object' && !Array.isArray(given)) {
      for (const [name, inner] of Object.entries(given)) add([...path, name], inner)
      return
    }
    const name = path.join('.').replace(/^vamp\./, '')
    if (name.startsWith('http-api.')) return
    if (Array.isArray(given) && given.some(each => typeof each === 'object')) problems.push({ code: 'UnexpectedTypeError', message: `${name}: a text, a number or a list of them is expected`, path: name })
    else texts[name] = Array.isArray(given) ? given.join(',') : String(given)
  }
  add([], plainValue(document.root))
  if (problems.length > 0) throw new Refused(problems)
  return texts
}

function layer({ config, settings, sources = {} }: World, type: string | undefined): Options {
  const from = (source: string) => Object.fromEntries(Object.entries(shown(config)).filter(([flag]) => sources[flag] === source))
  switch (type) {
    case 'dynamic': return settings.dynamic
    case 'system': return from('flag')
    case 'environment': return from('environment')
    // There is no file beside flags and environment.
    case 'application': return {}
    case 'reference': return Object.fromEntries(OPTIONS.flatMap(({ flag, fallback }) => fallback === undefined ? [] : [[flag, fallback]]))
    default: return shown(settings.current)
  }
}

/** By flag; secrets stay hidden. */
function shown(config: Config): Options {
  return Object.fromEntries(OPTIONS.map(({ flag, key, secret }) => [flag, config[key] !== undefined && secret ? '[hidden]' : config[key] ?? null]))
}
