/**
 * The port to a proxy: takes whole routing tables, finds out itself what has to change, and reports every request.
 * One writer: calls of `apply` are serialised by the driver, the last table wins.
 */
import type { Ending, Window } from '@vamp/model/metric'
import type { RoutingTable } from '@vamp/model/routing/table'
import type { Samples } from './samples.ts'

export interface Proxy extends AsyncDisposable {
  readonly driver: 'memory' | 'haproxy' | 'embedded'
  /**
   * Makes the proxy do what the table says; resolves when new requests are routed by it (the acknowledgement is the effect).
   * Applying the same table twice changes nothing. Throws `Fault('proxy_refused')` with the reason in `facts.reason`
   * when the table cannot be carried out — the last good one stays in force — and `Fault('port_taken')` with `facts.port` and `facts.holder`.
   */
  apply(table: RoutingTable, signal?: AbortSignal): Promise<Applied>
  /** Requests and connections now in progress, by endpoint id; endpoints without any may be missing. */
  connections(): Promise<ReadonlyMap<string, number>>
  /** Requests that wait for a first instance of their route (`hold`); routes without any are missing. */
  waiting(): readonly Waiting[]
  /** Every request that ended, in batches, which are the listener's only while it is called. One listener; set before the first `apply`. A slow one never slows requests. */
  onSamples(listener: (samples: Samples, dropped: number) => void): void
  /** Absent where the requests end with the process that counts them. */
  readonly account?: Account
  /** The configuration that was written last, for people who want to read it; absent where there is none. */
  configuration?(): Promise<string | undefined>
  /** Gives the traffic up without stopping it: HAProxy keeps running and serving; memory and embedded end. */
  detach(): Promise<void>
  /** Stops the proxy and its listeners; requests in progress may finish for `graceMs`. */
  stop(graceMs: number): Promise<void>
}

export interface Applied {
  readonly revision: number
  readonly how: 'nothing' | 'runtime' | 'reload' | 'start'
  /** What forced a reload, in words: `new port 9050`. Empty otherwise. */
  readonly reasons: readonly string[]
  /** Runtime commands sent. */
  readonly commands: number
}

/** What a later process must know to account for every request that this one was told of. */
export interface Account {
  /** The window that an earlier process had begun to deliver: it is delivered again, which counts it once. */
  readonly begun: Window | undefined
  /** Resolves when it is written down that this window is on its way, and how many requests were told and are in none yet. */
  begin(window: Window): Promise<void>
}

/** One finished request. */
export interface Sample {
  readonly gateway: string
  readonly route: string
  /** Endpoint id; '' if no server took it. */
  readonly instance: string
  /** `mirror`: a copy, whose answer nobody got. */
  readonly by: 'condition' | 'weight' | 'mirror'
  /** 0 for a request that got no answer. */
  readonly status: number
  /** 5xx, or ended by time-out, refusal or reset on the server's side; a client that gave up is no error. */
  readonly error: boolean
  /** Absent where it simply ended. */
  readonly ending?: Ending | undefined
  /** Milliseconds from the request's last header byte to the response's first header (fraction allowed); absent where nobody knows. */
  readonly latencyMs?: number
  readonly bytes: number
  /** Unix time in milliseconds at which it ended. */
  readonly endedAt: number
  /** 0–7, hash of the session key. */
  readonly part: number
  /** Where the proxy knows; kept of errors only. */
  readonly asked?: Asked | undefined
}

/** What a request asked for, as it came; the path may have a query. */
export interface Asked { readonly method: string; readonly path: string }

export interface Waiting { readonly gateway: string; readonly route: string; readonly requests: number }
