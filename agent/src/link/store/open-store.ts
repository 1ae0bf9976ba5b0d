/** The store at an address; its client is loaded when it is used. */
import { Fault } from '@vamp/model/fault'
import type { Clock } from '../../base/clock.ts'
import { type Place, STORE_SCHEMES, storePlace } from './address.ts'
import type { KeyValueStore } from './key-value-store.ts'

/** Throws `Fault('invalid')`. */
export async function openStore(address: string, clock: Clock): Promise<{ readonly store: KeyValueStore; readonly prefix: string }> {
  const place = storePlace(address)
  if (!place) throw new Fault('invalid', `a key-value store is an address such as etcd://127.0.0.1:2379/vamp, with ${STORE_SCHEMES.join(', ')} in front`)
  return { store: await opened(place, clock), prefix: place.prefix }
}

async function opened(place: Place, clock: Clock): Promise<KeyValueStore> {
  switch (place.scheme) {
    case 'etcd': case 'etcds': return (await import('./etcd.ts')).openEtcd({ ...place, clock })
    case 'consul': case 'consuls': return (await import('./consul.ts')).openConsul({ ...place, clock })
    case 'zookeeper': return (await import('./zookeeper.ts')).openZookeeper({ ...place, clock })
  }
}
