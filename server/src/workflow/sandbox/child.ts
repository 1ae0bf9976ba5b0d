/**
 * The process in which sandboxed scripts run, one after the other. It has no environment, may write no file and start no program,
 * and ends with its server. Told a run by message; tells lines and the end of it.
 */
import { readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { systemClock } from '@vamp/agent/base/clock'
import { openAllowance } from '../allowance.ts'
import { LINE_LENGTH_MAX, LINES_PER_SECOND_MAX, type PrintedLine, type RunRequest } from '../runner.ts'
import { prepareMachine, runInSandbox, type SandboxModules } from './engine.ts'
import type { FromChild } from './messages.ts'
import { openNetwork } from './network.ts'

const TELL_EVERY_MS = 100
const BEAT_EVERY_MS = 2000

const tell = (message: FromChild) => { process.send?.(message) }
const text = (url: URL) => readFileSync(url, 'utf8')
const plain = (url: URL) => stripTypeScriptTypes(text(url))
const once = (make: () => string) => { let made: string | undefined; return () => { made ??= make(); return made } }

const client = new URL(import.meta.resolve('@vamp/client/workflow'))
const workflow = once(() => plain(client))
const nodeClient = once(() => `${plain(new URL('node-client.ts', client)).replace(/^export /gm, '')}\nmodule.exports = nodeClient(require('highland'))`)
const highland = once(() => readFileSync(createRequire(import.meta.url).resolve('highland').replace(/lib.index\.js$/, 'dist/highland.js'), 'utf8'))

const modules: SandboxModules = {
  prelude: plain(new URL('prelude.ts', import.meta.url)),
  imported: name => name === '@vamp/client/workflow' ? workflow() : name === 'vamp-node-client' || name === 'highland' ? `export default globalThis.require('${name}')` : undefined,
  required: name => name === 'vamp-node-client' ? nodeClient() : name === 'highland' ? highland() : undefined,
}

let next = prepareMachine()

async function run(request: RunRequest): Promise<void> {
  const printer = openPrinter()
  const { url, dry } = request.facts
  const network = openNetwork({
    url, dry, hosts: request.hosts, fetch, now: systemClock.monotonic, sleep: ms => systemClock.sleep(ms), told: line => printer.print('info', line),
    ...(request.token === undefined ? {} : { token: request.token }),
  })
  const machine = await next
  const end = await runInSandbox(machine, {
    request, network, modules, log: printer.print, now: systemClock.now, monotonic: systemClock.monotonic,
    cpuMs: () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 },
    after: (ms, action) => systemClock.after(ms, action), alive: () => tell({ is: 'alive' }), heavy: () => tell({ is: 'heavy' }),
  }).catch((error: unknown) => ({ state: 'failed' as const, reason: error instanceof Error ? error.message : String(error) }))
  printer.end()
  tell({ is: 'end', end })
  // The next run finds its machine ready.
  next = prepareMachine()
}

/** A flood of lines becomes a number. */
function openPrinter(): { readonly print: (level: 'info' | 'error', line: string) => void; end(): void } {
  let lines: PrintedLine[] = []
  let leftOut = 0
  const allowance = openAllowance({ perSecond: LINES_PER_SECOND_MAX, now: systemClock.monotonic })
  let cancel: (() => void) | undefined
  const flush = () => {
    cancel = undefined
    if (lines.length > 0 || leftOut > 0) tell({ is: 'printed', lines, leftOut })
    lines = []
    leftOut = 0
  }
  return {
    print(level, line) {
      if (!allowance.take()) leftOut++
      else lines.push({ time: systemClock.now(), level, line: line.length > LINE_LENGTH_MAX ? `${line.slice(0, LINE_LENGTH_MAX)}…` : line })
      cancel ??= systemClock.after(TELL_EVERY_MS, flush)
    },
    end() { cancel?.(); flush() },
  }
}

process.on('message', (request: RunRequest) => { void run(request) })
process.on('disconnect', () => process.exit(0))
const beat = () => { tell({ is: 'alive' }); systemClock.after(BEAT_EVERY_MS, beat) }
beat()
