/** What the API stands on. */
import type { Clock } from '@vamp/agent/base/clock'
import type { Logger } from '@vamp/agent/base/log'
import type { Fault } from '@vamp/model/fault'
import type { Tokens } from '../auth/tokens.ts'
import type { Config, Sources } from '../config.ts'
import type { ContainerDriver } from '../container/container-driver.ts'
import type { UsageMeter } from '../container/usage.ts'
import type { EventLog } from '../event/event-log.ts'
import type { LiveFleet } from '../fleet/live-fleet.ts'
import type { ScalingHistory } from '../scaling/scaling-history.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../store/store.ts'
import type { Traffic } from '../traffic/traffic.ts'
import type { Workflows } from '../workflow/workflows.ts'
import type { Following } from './forwarding.ts'
import type { LogTail } from './log-tail.ts'

export interface World {
  /** What the server was started with. */
  readonly config: Config
  /** What is in force of it. */
  readonly settings: Settings
  readonly sources?: Sources
  readonly store: Store
  readonly events: EventLog
  readonly fleet: LiveFleet
  readonly traffic: Traffic
  readonly containers: ContainerDriver
  readonly usage: UsageMeter
  readonly scaling: ScalingHistory
  readonly tokens: Tokens
  readonly workflows: Workflows
  readonly clock: Clock
  readonly log: Logger
  /** Why the database does not take what is written. */
  readonly refusal?: () => Fault | undefined
  readonly logTail?: LogTail
  /** Of the proxy in this process, as text; absent where it has none. */
  /** While another server leads. */
  readonly following?: Following
  readonly proxyConfiguration?: () => Promise<string | undefined>
  /** Of this run, Unix milliseconds. */
  readonly startedMs: number
}

/** Where gateways are reached from this machine. */
export function gatewayHost({ config }: Pick<World, 'config'>): string {
  return config.gatewayAddress === '0.0.0.0' || config.gatewayAddress === '::' ? '127.0.0.1' : config.gatewayAddress
}
