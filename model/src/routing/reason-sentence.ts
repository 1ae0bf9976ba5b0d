/** Why a request goes where it goes, in sentences for people. Lots are told as shares, not as what was drawn. */
import { printCondition } from '../condition/print.ts'
import type { Reason } from './decide.ts'
import { FULL_SHARE, type GatewayTable } from './table.ts'

export function reasonSentence(reason: Reason, gateway: GatewayTable): string {
  switch (reason.is) {
    case 'condition': return conditionSentence(reason, gateway)
    case 'strength': return strengthSentence(reason)
    case 'turned away before': return `The visitor was turned away from ${reason.route} before, and its cookie keeps it away.`
    case 'bound': return reason.kept ? `A cookie binds the visitor to ${reason.route}.` : `A cookie names ${reason.route}, which has gone or has no instance left: it does not count.`
    case 'user': return `Users are divided by ${splitOf(gateway)}: this one stands at ${percent(reason.slot)} of the scale, ${reason.route === null ? 'where no route is' : `which belongs to ${reason.route}`}.`
    case 'weight': return reason.route === null ? 'The weights leave this part of the traffic to no route: 503.' : `By weight ${reason.route} takes ${percent(weightOf(gateway, reason.route))} of the traffic.`
    case 'gateway': return `The route leads to the gateway ${reason.gateway}.`
    case 'instance': return reason.bound ? `A cookie binds the visitor to the instance ${reason.instance}.` : reason.of === 1 ? `Its only instance is ${reason.instance}.` : `One of its ${reason.of} instances takes it.`
    case 'no instance': return `${reason.route} has no instance that could take it: 503.`
    default: return reason satisfies never
  }
}

function conditionSentence({ route, matches }: Extract<Reason, { is: 'condition' }>, { routes }: GatewayTable): string {
  const node = routes.find(({ path }) => path === route)?.condition
  const text = node ? `: ${printCondition(node)}` : ''
  if (matches === 'unknown') return `Only the proxy can tell whether the condition of ${route} matches${text}. It is taken not to.`
  return `The condition of ${route} ${matches ? 'matches' : 'does not match'}${text}.`
}

function strengthSentence({ route, strength, taken }: Extract<Reason, { is: 'strength' }>): string {
  if (strength === FULL_SHARE) return `${route} takes all that matches.`
  if (strength === 0) return `Its strength is 0: ${route} takes none of what matches.`
  return taken ? `${route} takes ${percent(strength)} of what matches; this is such a request.` : `${route} takes ${percent(strength)} of what matches; this is one of the others.`
}

const percent = (share: number) => `${share * 100 / FULL_SHARE} %`
const weightOf = ({ routes }: GatewayTable, path: string) => routes.find(route => route.path === path)?.weight ?? 0
const splitOf = ({ split }: GatewayTable) => split ? `the ${split.by} ${split.name}` : 'a key'
