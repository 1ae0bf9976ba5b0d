import { defineConfig } from 'vitest/config'

const fast = { pool: 'threads', isolate: false } as const

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['{model,stats,client,agent,server,cli,web,test,tools,bench}/**/*.test.ts'], exclude: ['**/*.live.test.ts', '**/node_modules/**'], testTimeout: 20_000, ...fast } },
      // Real HAProxy, real processes, real databases, real browsers: one file at a time, and a second try on machines that stall.
      { test: { name: 'live', include: ['{agent,server,cli,web,test}/**/*.live.test.ts'], exclude: ['**/node_modules/**'], testTimeout: 120_000, hookTimeout: 60_000, pool: 'forks', fileParallelism: false, maxConcurrency: 2, retry: 1 } },
    ],
  },
})
