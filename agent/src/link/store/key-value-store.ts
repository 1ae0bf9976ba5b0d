/**
 * What etcd, ZooKeeper and Consul have in common: named values that are written if nobody else wrote in between, and a way to
 * wait for a change. Drivers fail fast with `Fault('key_value_unreachable')`; whoever uses them tries again.
 */
export interface KeyValueStore extends AsyncDisposable {
  /** `etcd`, for the log. */
  readonly driver: string
  get(key: string, signal?: AbortSignal): Promise<Seen>
  /** False where the key was changed since it was seen; without `since` it is written whatever is there. */
  put(key: string, value: Uint8Array, since?: Seen): Promise<boolean>
  /** Nothing happens where there is nothing. */
  delete(key: string): Promise<void>
  /** Resolves when the key may have changed since it was seen: at once, when it does, or after `CHANGE_WAIT_MS` at the latest. */
  changed(key: string, since: Seen, signal: AbortSignal): Promise<void>
}

export interface Seen {
  readonly value?: Uint8Array
  /** What the driver knows it by. */
  readonly version: string
}

/** Of one value: ZooKeeper's and Consul's own bounds are 1 MiB and 512 KiB. */
export const VALUE_BYTES_MAX = 384 * 1024
export const CHANGE_WAIT_MS = 15_000
export const REQUEST_MS_MAX = 5_000
