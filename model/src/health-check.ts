export interface HealthCheck {
  /** `/` by default; ignored by TCP checks. */
  readonly path: string
  /** The name of one of the breed's ports. */
  readonly port: string
  /** Seconds. */
  readonly initial_delay: number
  /** Seconds. */
  readonly timeout: number
  /** Seconds. */
  readonly interval: number
  /** Failures in a row that make an instance unhealthy. */
  readonly failures: number
  /** `HTTP` by default; `HTTPS`, `TCP`, or what the driver knows. */
  readonly protocol: string
}
