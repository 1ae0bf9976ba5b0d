/**
 * The beginning of a script's own Node.js: makes `@vamp/client/workflow`, `vamp-node-client` and `highland` importable from wherever
 * the script is, then runs it. The request comes by message, so that nothing of it is in the list of processes.
 */
import { writeFileSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { systemClock } from '@vamp/agent/base/clock'
import { HOST_KEY, type WorkflowHost } from '@vamp/client/workflow-host'
import { nodeClient } from '@vamp/client/node-client'
import type { RunRequest } from '../runner.ts'
import { isModule } from '../script-kind.ts'
import { withAdvice, withoutTypes } from '../script-mistake.ts'

const require = createRequire(import.meta.url)
const places: Readonly<Record<string, string>> = { '@vamp/client/workflow': import.meta.resolve('@vamp/client/workflow'), highland: pathToFileURL(require.resolve('highland')).href, 'vamp-node-client': 'vamp:node-client' }

registerHooks({
  resolve: (specifier, context, next) => Object.hasOwn(places, specifier) ? { url: places[specifier] ?? specifier, shortCircuit: true } : next(specifier, context),
  load: (url, context, next) => url === 'vamp:node-client' ? { format: 'commonjs', shortCircuit: true, source: 'module.exports = globalThis[Symbol.for("vamp.node-client")]()' } : next(url, context),
})

function hostOf({ facts, token }: RunRequest): WorkflowHost {
  return {
    facts, now: systemClock.now, sleep: ms => systemClock.sleep(ms),
    log: (level, line) => { (level === 'error' ? process.stderr : process.stdout).write(`${line}\n`) },
    async open({ method, url, headers, body }) {
      const own = new URL(url).origin === new URL(facts.url).origin
      if (own && facts.dry && method !== 'GET') {
        process.stdout.write(`would ${method} ${new URL(url).pathname}${body === undefined ? '' : ` ${body}`}\n`)
        return { status: 200, headers: {}, read: (() => { let piece: string | undefined = body ?? ''; return async () => { const now = piece === '' ? undefined : piece; piece = undefined; return now } })(), close: () => {} }
      }
      const response = await fetch(url, { method, headers: { ...headers, ...(own && token !== undefined ? { authorization: `Bearer ${token}` } : {}) }, ...(body === undefined ? {} : { body }) })
      const reader = response.body?.getReader()
      const decoder = new TextDecoder()
      return {
        status: response.status, headers: Object.fromEntries(response.headers), close: () => { void reader?.cancel() },
        read: async () => { const { done, value } = reader ? await reader.read() : { done: true, value: undefined }; return done ? undefined : decoder.decode(value, { stream: true }) },
      }
    },
  }
}

async function run(request: RunRequest): Promise<void> {
  const globals = globalThis as Record<symbol, unknown>
  globals[Symbol.for(HOST_KEY)] = hostOf(request)
  let client: unknown
  globals[Symbol.for('vamp.node-client')] = () => { client ??= nodeClient(require('highland') as Parameters<typeof nodeClient>[0]); return client }
  const text = request.language === 'typescript' ? withoutTypes(request.script) : request.script
  const module = isModule(text)
  const file = `${process.cwd()}/script.${module ? 'mjs' : 'cjs'}`
  writeFileSync(file, text)
  const given: unknown = module ? ((await import(pathToFileURL(file).href)) as { default?: unknown }).default : createRequire(file)(file)
  const result: unknown = typeof given === 'function' ? await (given as (event: unknown) => unknown)(request.facts.event) : given
  const isEmpty = !module && typeof given === 'object' && given !== null && Object.keys(given).length === 0
  if (result !== undefined && !isEmpty) process.send?.({ is: 'result', json: JSON.stringify(result) })
}

function placeIn(stack: string): string {
  const [, place] = /\/script\.[cm]js:(\d+:\d+)/.exec(stack) ?? []
  return place === undefined ? '' : ` (at script:${place})`
}

process.once('message', (request: RunRequest) => {
  // The script decides how long this process lives, not the channel to its server.
  run(request).then(() => process.channel?.unref(), (error: unknown) => {
    process.send?.({ is: 'failed', reason: error instanceof Error ? withAdvice(`${error.name}: ${error.message}${placeIn(error.stack ?? '')}`) : String(error) })
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 1
    process.channel?.unref()
  })
})
process.once('disconnect', () => process.exit(1))
