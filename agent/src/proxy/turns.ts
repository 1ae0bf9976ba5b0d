/** Whose turn it is, where requests take turns. */
import { smoothDraw } from '@vamp/model/routing/smooth'

export function nextTurn(turns: Map<string, number>, gateway: string): number {
  const turn = (turns.get(gateway) ?? 0) + 1
  turns.set(gateway, turn)
  return smoothDraw(turn)
}
