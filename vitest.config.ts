import { defineConfig } from 'vitest/config'

const fast = { pool: 'threads', isolate: false } as const

/** Real HAProxy, real processes, real databases, real browsers: one file at a time, and a second try on machines that stall. */
const live = { testTimeout: 120_000, hookTimeout: 60_000, pool: 'forks', fileParallelism: false, maxConcurrency: 2, retry: 1 } as const
const LIVE = '{agent,server,cli,web,test}/**/*.live.test.ts'

/** Those that mostly wait: for evidence, for time to pass, for container engines. `npm test` runs them beside the others. */
const PATIENT = [
  'test/{crash,demo-docker,docker,image-push,places,release-strategies,remote-agent,swarm-nodes,two-servers,web-soak,workflow-restart}.live.test.ts',
  'server/src/{container/{docker,swarm,engines},workflow/container}/**/*.live.test.ts', 'server/src/deployment/survival.live.test.ts',
]
const NEVER = '**/node_modules/**'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['{model,stats,client,agent,server,cli,web,test,tools,bench}/**/*.test.ts'], exclude: ['**/*.live.test.ts', NEVER], testTimeout: 20_000, ...fast } },
      { test: { name: 'live', include: [LIVE], exclude: [...PATIENT, NEVER], ...live } },
      { test: { name: 'patient', include: PATIENT, exclude: [NEVER], ...live } },
    ],
  },
})
