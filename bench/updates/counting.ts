/** The proxy with an ear to what it confirms and why it was reloaded. */
import type { Applied, Proxy as ProxyPort } from '../../agent/src/proxy/proxy.ts'
import type { GatewayTable } from '../../model/src/routing/table.ts'

export type Reloads = Record<string, number>

export function counting(proxy: ProxyPort, reloads: Reloads, onApplied: (gateways: readonly GatewayTable[]) => void = () => {}): ProxyPort {
  return new Proxy(proxy, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (property !== 'apply') return typeof value === 'function' ? value.bind(target) : value
      return async (table: Parameters<ProxyPort['apply']>[0], signal?: AbortSignal): Promise<Applied> => {
        const applied = await target.apply(table, signal)
        if (applied.how === 'reload') for (const reason of applied.reasons) reloads[reason] = (reloads[reason] ?? 0) + 1
        onApplied(table.gateways)
        return applied
      }
    },
  })
}
