/** What is true of a gateway, beside what is wanted of it. Shares are in percent, by route path. */
export interface GatewayStatus {
  readonly name: string
  /** In force on every agent. */
  readonly deployed: boolean
  readonly port: number
  readonly desired: Readonly<Record<string, number>>
  readonly acknowledged: Readonly<Record<string, number>>
  /** Why the wanted configuration is not in force. */
  readonly problem?: string
}
