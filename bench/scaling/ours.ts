/** This project's scaler, as the server feeds it. */
import { openServiceScaler, type Policy } from '../../server/src/scaling/service-scaler.ts'
import type { Method, Scenario } from './simulator.ts'

/** Simulated time begins at a whole day. */
const START = 1_700_006_400

export function ours({ service, minimum, maximum }: Scenario, name: string, over: { readonly [key in keyof Policy]?: Policy[key] | undefined } = {}): Method {
  const { slo, ...rest } = { slo: `p99 <= ${service.sloMs}ms`, ...over }
  const scaler = openServiceScaler({ signals: [], behaviour: { up: { panic_window: 6 }, down: { cooldown: 0 } }, prediction: 'off', ...rest, ...(slo === undefined ? {} : { slo }) } as Policy)
  let heard = 0
  return {
    name,
    tick({ now, second, inFlight, instances, ready, starting, leaving }) {
      if (second) heard = now
      return scaler.step({
        nowMs: (START + now) * 1000, seconds: second ? [{ second: START + second.at, requests: second.requests, errors: 0, latency: second.latency }] : [],
        ...(inFlight === undefined ? {} : { inFlight }), held: 0, instances, ready, starting, leaving, gauge: () => undefined, bounds: { minimum, maximum },
        lagSeconds: now - heard, startUpSeconds: service.startUpSeconds,
      }).granted
    },
  }
}
