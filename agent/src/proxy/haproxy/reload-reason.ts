/** Everything that a running HAProxy cannot be told, in the words of events and logs. `docs/gateways.md` has the list. */
export const reloadReason = {
  newPort: (port: number) => `new port ${port}`,
  portClosed: (port: number) => `port ${port} closed`,
  portPasses: (port: number, gateway: string) => `port ${port} passes to gateway ${gateway}`,
  mode: (gateway: string, mode: 'http' | 'tcp') => `gateway ${gateway} speaks ${mode}`,
  policy: (gateway: string) => `policy of gateway ${gateway}`,
  certificate: (gateway: string) => `certificate of gateway ${gateway}`,
  rawCondition: (gateway: string) => `raw condition in gateway ${gateway}`,
  split: (gateway: string) => `split of gateway ${gateway}`,
  turns: (gateway: string) => `turns of gateway ${gateway}`,
  frontend: (gateway: string) => `frontend of gateway ${gateway}`,
  backend: (route: string) => `balance, rewrite or policy of route ${route}`,
  sparesUsed: () => 'spare backends used up',
  sharedPort: (port: number) => `new port ${port} for virtual hosts`,
  sharedOff: () => 'virtual hosts switched off',
  sharedFrontend: () => 'raw condition behind virtual hosts',
  stranger: (difference: string) => `haproxy did not carry what it should: ${difference}`,
} as const
