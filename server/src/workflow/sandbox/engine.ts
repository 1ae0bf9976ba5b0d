/** One script in one QuickJS, whose memory is an array of this process and whose only functions are those given to it here. */
import { newQuickJSWASMModuleFromVariant, type QuickJSContext, type QuickJSHandle, type QuickJSRuntime, type QuickJSSyncVariant, type QuickJSWASMModule } from 'quickjs-emscripten-core'
import type { Limit } from '@vamp/model/workflow-run'
import { CPU_BURST_MS, RESULT_BYTES_MAX, type RunEnd, type RunRequest } from '../runner.ts'
import { isModule } from '../script-kind.ts'
import { withAdvice, withoutTypes } from '../script-mistake.ts'
import type { Network } from './network.ts'

/** Of the script's own stack; the one of the machine below it is larger. */
const STACK_BYTES = 128 * 1024
/** So that a set of timers is no way around the memory limit. */
const TIMERS_MAX = 10_000

export interface EngineOptions {
  readonly request: RunRequest
  readonly network: Network
  readonly modules: SandboxModules
  readonly log: (level: 'info' | 'error', line: string) => void
  readonly now: () => number
  /** Milliseconds of processor time of this process. */
  readonly cpuMs: () => number
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number
  readonly after: (ms: number, action: () => void) => () => void
  /** To be told now and then while a computation keeps everything else from its turn. */
  readonly alive: () => void
  /** To be told once, of a script that computes for longer than decent ones do. */
  readonly heavy: () => void
}

const ALIVE_EVERY_MS = 2000
/** Milliseconds of processor time that starting and a usual script take. */
const DECENT_CPU_MS = 300

export interface SandboxModules {
  readonly prelude: string
  /** ES modules by the name under which scripts import them. */
  readonly imported: (name: string) => string | undefined
  readonly required: (name: string) => string | undefined
}

/** A machine with a memory of its own; every run gets a new one. */
export function prepareMachine(): Promise<QuickJSWASMModule> {
  return newQuickJSWASMModuleFromVariant(import('@jitl/quickjs-wasmfile-release-sync') as unknown as Promise<QuickJSSyncVariant>)
}

export async function runInSandbox(engine: QuickJSWASMModule, options: EngineOptions): Promise<RunEnd> {
  return await new Promise<RunEnd>(resolve => { new Sandbox(engine.newRuntime(), options, resolve).begin() })
}

class Sandbox {
  readonly #runtime: QuickJSRuntime
  readonly #context: QuickJSContext
  readonly #options: EngineOptions
  readonly #resolve: (end: RunEnd) => void
  readonly #timers = new Map<number, () => void>()
  readonly #cpuAtStart: number
  readonly #startedAt: number
  #calls = 0
  #callbacks: QuickJSHandle | undefined
  #ended: RunEnd | undefined
  #exhausted = false
  #heavy = false
  #aliveAt = 0
  /** The first line of the script stands behind the head of a function. */
  #wrapped = false

  constructor(runtime: QuickJSRuntime, options: EngineOptions, resolve: (end: RunEnd) => void) {
    this.#options = options
    this.#resolve = resolve
    this.#cpuAtStart = options.cpuMs()
    this.#startedAt = options.monotonic()
    this.#runtime = runtime
    runtime.setMemoryLimit(options.request.limits.memory * 1_000_000)
    runtime.setMaxStackSize(STACK_BYTES)
    runtime.setInterruptHandler(() => this.#overCpu())
    runtime.setModuleLoader(name => this.#moduleText(name))
    this.#context = runtime.newContext()
  }

  begin(): void {
    this.#enter(() => {
      this.#defineEngine()
      this.#evaluate(this.#options.modules.prelude, 'vamp')
      this.#callbacks = this.#context.getProp(this.#context.global, '__callbacks')
      this.#evaluate('delete globalThis.__callbacks', 'vamp')
      this.#startScript()
    })
  }

  #startScript(): void {
    const text = this.#scriptText()
    if (text === undefined) return
    if (isModule(text)) {
      this.#callback('module', this.#context.newString('script'))
      return
    }
    this.#wrapped = true
    const compiled = this.#context.evalCode(commonJs(text), 'script')
    const problem = compiled.error ? this.#dump(compiled.error) : undefined
    if (!compiled.error) this.#callback('classic', compiled.value)
    // Waiting at the top is what only modules can.
    else if (problem?.name === 'SyntaxError' && /\bawait\b/.test(text)) {
      this.#wrapped = false
      this.#callback('module', this.#context.newString('script'))
    }
    else if (problem) this.#finish({ state: 'failed', ...this.#reason(problem) })
  }

  #scriptText(): string | undefined {
    const { script, language } = this.#options.request
    if (language === 'javascript') return script
    try {
      return withoutTypes(script)
    } catch (error) {
      this.#finish({ state: 'failed', reason: String(error) })
      return undefined
    }
  }

  #moduleText(name: string): string {
    if (name === 'script') return this.#scriptText() ?? ''
    const text = this.#options.modules.imported(name)
    if (text === undefined) throw new Error(`'${name}' cannot be imported: in the sandbox a script finds @vamp/client/workflow, vamp-node-client and highland`)
    return text
  }

  #defineEngine(): void {
    const { request: { facts }, log, now } = this.#options
    const context = this.#context
    const engine = context.newObject()
    const define = (name: string, action: (...args: QuickJSHandle[]) => QuickJSHandle | undefined) => {
      const made = context.newFunction(name, (...args) => action(...args) ?? context.undefined)
      context.setProp(engine, name, made)
      made.dispose()
    }
    const text = (handle: QuickJSHandle | undefined) => handle ? context.getString(handle) : ''
    const number = (handle: QuickJSHandle | undefined) => handle ? context.getNumber(handle) : 0
    context.newString(JSON.stringify(facts)).consume(handle => context.setProp(engine, 'facts', handle))
    define('log', (level, line) => { log(text(level) === 'error' ? 'error' : 'info', text(line)); return undefined })
    define('now', () => context.newNumber(now()))
    define('call', (id, operation, json) => { this.#call(number(id), text(operation), text(json)); return undefined })
    define('timer', (id, ms) => { this.#timer(number(id), number(ms)); return undefined })
    define('cancel', id => { this.#timers.get(number(id))?.(); this.#timers.delete(number(id)); return undefined })
    define('compile', name => { const source = this.#options.modules.required(text(name)); return source === undefined ? undefined : context.unwrapResult(context.evalCode(commonJs(source), text(name))) })
    define('encode', value => context.newString(Buffer.from(text(value)).toString('base64')))
    define('decode', value => context.newString(Buffer.from(text(value), 'base64').toString()))
    define('end', (ok, value) => { this.#told(context.dump(ok ?? context.undefined) === true, text(value)); return undefined })
    context.setProp(context.global, '__engine', engine)
    engine.dispose()
  }

  #call(id: number, operation: string, json: string): void {
    this.#calls++
    const answer = (ok: boolean, value: string) => {
      this.#calls--
      this.#enter(() => this.#callback('done', this.#context.newNumber(id), ok ? this.#context.true : this.#context.false, this.#context.newString(value)))
    }
    Promise.resolve().then(() => this.#options.network.call(operation, JSON.parse(json) as unknown))
      .then(value => answer(true, value === undefined ? '' : JSON.stringify(value)), error => answer(false, error instanceof Error ? error.message : String(error)))
  }

  #timer(id: number, ms: number): void {
    if (this.#timers.size >= TIMERS_MAX) throw new Error(`${TIMERS_MAX} timers are set already`)
    this.#timers.set(id, this.#options.after(ms, () => {
      this.#timers.delete(id)
      this.#enter(() => this.#callback('fire', this.#context.newNumber(id)))
    }))
  }

  /** What the script's own end is: its result, or what it threw. */
  #told(ok: boolean, text: string): void {
    if (!ok) this.#finish({ state: 'failed', ...this.#reason({ name: '', message: text }) })
    else if (text === '') this.#result ??= {}
    else if (text.length > RESULT_BYTES_MAX) this.#finish({ state: 'failed', reason: `what the script gives back has more than ${RESULT_BYTES_MAX} bytes` })
    else this.#result = { result: JSON.parse(text) as unknown }
  }
  #result: { result?: unknown } | undefined

  /** Every way into the script: afterwards its promises run, and when nothing is left that could call it again, it is over. */
  #enter(action: () => void): void {
    if (this.#ended) return
    try {
      action()
      this.#settle()
      // A promise that was interrupted has failed where nobody looks.
      if (this.#exhausted) this.#finish({ state: 'failed', ...this.#reason({ name: '', message: '' }) })
    } catch (error) {
      this.#finish({ state: 'failed', ...this.#reason(error instanceof Error ? error : { name: '', message: String(error) }) })
    }
    if (!this.#ended && this.#result && this.#calls === 0 && this.#timers.size === 0) this.#finish({ state: 'succeeded', ...this.#result })
    if (!this.#ended && !this.#result && this.#calls === 0 && this.#timers.size === 0) this.#finish({ state: 'failed', reason: 'the script waits for something that can never come' })
    if (this.#ended) this.#close()
  }

  #settle(): void {
    const jobs = this.#runtime.executePendingJobs()
    if (jobs.error) this.#finish({ state: 'failed', ...this.#reason(this.#dump(jobs.error)) })
    jobs.dispose?.()
  }

  #callback(name: string, ...args: QuickJSHandle[]): void {
    const callbacks = this.#callbacks
    if (!callbacks) return
    const called = this.#context.getProp(callbacks, name).consume(callback => this.#context.callFunction(callback, this.#context.undefined, ...args))
    for (const arg of args) if (arg !== this.#context.true && arg !== this.#context.false) arg.dispose()
    if (called.error) this.#finish({ state: 'failed', ...this.#reason(this.#dump(called.error)) })
    else called.value.dispose()
  }

  #evaluate(text: string, file: string): void {
    const result = this.#context.evalCode(text, file)
    if (result.error) throw Object.assign(new Error(), this.#dump(result.error))
    result.value.dispose()
  }

  #dump(error: QuickJSHandle): { name: string; message: string } {
    const told = error.consume(handle => this.#context.dump(handle) as unknown)
    if (typeof told !== 'object' || told === null) return { name: '', message: String(told) }
    const { name = '', message = '', stack = '' } = told as { name?: string; message?: string; stack?: string }
    const at = stack.split('\n').find(line => line.includes('script'))?.trim()
    return { name, message: `${message}${at ? ` (${at})` : ''}` }
  }

  #reason({ name, message }: { name: string; message: string }): { reason: string; limit?: Limit } {
    const { limits } = this.#options.request
    if (this.#exhausted) return { limit: 'cpu', reason: `it used more processor time than it may: ${(limits.burstMs ?? CPU_BURST_MS) / 1000} s, and ${limits.cpu} of a core from then on` }
    if (/out of memory|string too long/i.test(message)) return { limit: 'memory', reason: `it needed more memory than it may: ${limits.memory} MB` }
    if (/stack overflow|Maximum call stack/i.test(message)) return { limit: 'stack', reason: 'it called itself too deeply: the stack is full' }
    const told = name === '' || message.startsWith(name) ? message : `${name}: ${message}`
    return { reason: withAdvice(this.#wrapped ? told.replaceAll(/\bscript:1:(\d+)/g, (_, column: string) => `script:1:${Math.max(1, Number(column) - HEAD.length)}`) : told) }
  }

  #overCpu(): boolean {
    const now = this.#options.monotonic()
    if (now - this.#aliveAt > ALIVE_EVERY_MS) {
      this.#aliveAt = now
      this.#options.alive()
    }
    const { cpu, burstMs = CPU_BURST_MS } = this.#options.request.limits
    const allowed = burstMs + cpu * (now - this.#startedAt)
    const used = this.#options.cpuMs() - this.#cpuAtStart
    if (used > DECENT_CPU_MS && !this.#heavy) {
      this.#heavy = true
      this.#options.heavy()
    }
    if (used > allowed) this.#exhausted = true
    return this.#exhausted
  }

  #finish(end: RunEnd): void {
    this.#ended ??= { ...end, cpuMs: Math.round(this.#options.cpuMs() - this.#cpuAtStart) }
  }

  /** The machine is thrown away with its memory; freeing what a broken script left in it could fail. */
  #close(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#options.network.close()
    if (this.#ended) this.#resolve(this.#ended)
  }
}

const HEAD = '(function (require, module, exports) {'
const commonJs = (text: string) => `${HEAD}${text}\n})`
