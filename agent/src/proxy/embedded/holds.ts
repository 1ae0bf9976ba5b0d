/** Requests that wait for the first instance of their route. */
import type { Clock } from '../../base/clock.ts'
import type { Waiting } from '../proxy.ts'

export interface Holds {
  /**
   * Waits until the table changes, or the time is over. False: it is over, or there are too many, or the client is gone.
   * The deadline is in the clock's monotonic time.
   */
  wait(gateway: string, route: string, maximum: number, deadline: number, gone: AbortSignal): Promise<boolean>
  /** The table has changed: everybody looks again. */
  wake(): void
  waiting(): readonly Waiting[]
}

interface Guest { readonly gateway: string; readonly route: string; readonly call: (again: boolean) => void }

export function openHolds(clock: Clock): Holds {
  const guests = new Set<Guest>()
  const countOf = (gateway: string, route: string) => [...guests].filter(guest => guest.gateway === gateway && guest.route === route).length
  return {
    wait(gateway, route, maximum, deadline, gone) {
      if (gone.aborted || countOf(gateway, route) >= maximum || deadline <= clock.monotonic()) return Promise.resolve(false)
      return new Promise(resolve => {
        const leave = () => guest.call(false)
        const cancel = clock.after(deadline - clock.monotonic(), leave)
        const guest: Guest = { gateway, route, call(again) {
          if (!guests.delete(guest)) return
          cancel()
          gone.removeEventListener('abort', leave)
          resolve(again)
        } }
        guests.add(guest)
        gone.addEventListener('abort', leave, { once: true })
      })
    },
    wake() { for (const guest of guests) guest.call(true) },
    waiting() {
      const groups = Map.groupBy(guests, ({ gateway, route }) => `${gateway}\n${route}`)
      return [...groups.values()].flatMap(all => all[0] ? [{ gateway: all[0].gateway, route: all[0].route, requests: all.length }] : [])
    },
  }
}
