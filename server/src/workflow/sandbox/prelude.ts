/**
 * The first thing that runs inside the sandbox: makes what scripts expect to find out of the few functions that the engine puts
 * there, and hides those. It is evaluated as text, so it imports types only and has no exports.
 */
import type { HostRequest, HostResponse, WorkflowFacts, WorkflowHost } from '@vamp/client/workflow-host'

interface Engine {
  facts: string
  log(level: string, line: string): void
  now(): number
  /** Answered by `done`. */
  call(id: number, operation: string, json: string): void
  /** Answered by `fire`. */
  timer(id: number, ms: number): void
  cancel(id: number): void
  /** A module that `require` may give, as the function that CommonJS makes of its text; or nothing. */
  compile(name: string): ((require: unknown, module: unknown, exports: unknown) => void) | undefined
  end(ok: boolean, text: string): void
  encode(text: string): string
  decode(text: string): string
}

interface Callbacks {
  done(id: number, ok: boolean, json: string): void
  fire(id: number): void
  /** A script of the CommonJS kind. */
  classic(run: (require: unknown, module: unknown, exports: unknown) => void): void
  module(name: string): void
}

;((global: Record<string | symbol, unknown>) => {
  const engine = global['__engine'] as Engine
  delete global['__engine']
  const { parse, stringify } = JSON
  const facts = parse(engine.facts) as WorkflowFacts
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const timers = new Map<number, { action: () => void; everyMs?: number }>()
  let ids = 0

  function call(operation: string, value: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++ids
      waiting.set(id, { resolve, reject })
      engine.call(id, operation, stringify(value))
    })
  }

  function start(action: () => void, ms: number, repeats: boolean): number {
    const id = ++ids
    timers.set(id, { action, ...(repeats ? { everyMs: ms } : {}) })
    engine.timer(id, ms)
    return id
  }
  const delayOf = (ms: unknown) => Math.min(Math.max(Number(ms) || 0, 1), 2_147_483_647)
  const clear = (id: unknown) => { if (typeof id === 'number' && timers.delete(id)) engine.cancel(id) }
  const timer = (repeats: boolean) => (action: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => start(() => action(...args), delayOf(ms), repeats)

  const fail = (error: unknown) => engine.end(false, textOf(error))
  function textOf(error: unknown): string {
    if (!(error instanceof Error)) return typeof error === 'string' ? error : stringify(error) ?? 'undefined'
    const at = (error.stack ?? '').split('\n').filter(line => line.includes('script')).slice(0, 3).map(line => line.trim())
    return `${error.name}: ${error.message}${at.length > 0 ? ` (${at.join(', ')})` : ''}`
  }

  async function open(request: HostRequest): Promise<HostResponse> {
    const { stream, status, headers } = await call('open', request) as { stream: number; status: number; headers: Record<string, string> }
    return {
      status, headers,
      read: async () => (await call('read', stream) as { piece?: string }).piece,
      close: () => { void call('close', stream) },
    }
  }

  const host: WorkflowHost = {
    facts, now: engine.now, open,
    log: (level, line) => engine.log(level, line),
    sleep: ms => new Promise(resolve => { start(() => resolve(), delayOf(ms), false) }),
  }
  Object.defineProperty(global, Symbol.for('vamp.workflow'), { value: Object.freeze(host) })

  async function fetchLike(url: unknown, { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
    const response = await open({ method, url: String(url), headers: { ...headers }, ...(body === undefined ? {} : { body: String(body) }) })
    const text = async () => {
      const pieces: string[] = []
      for (let piece = await response.read(); piece !== undefined; piece = await response.read()) pieces.push(piece)
      return pieces.join('')
    }
    return {
      status: response.status, ok: response.status >= 200 && response.status < 300, url: String(url), text, json: async () => parse(await text()) as unknown,
      headers: { get: (name: string) => response.headers[name.toLowerCase()] ?? null, has: (name: string) => Object.hasOwn(response.headers, name.toLowerCase()), entries: () => Object.entries(response.headers) },
    }
  }

  const printed = (word: unknown) => typeof word === 'string' ? word : word instanceof Error ? textOf(word) : stringify(word) ?? String(word)
  const print = (level: string) => (...words: unknown[]) => engine.log(level, words.map(printed).join(' '))
  const base64 = (text: string, encoding: string) => encoding === 'base64' ? engine.decode(text) : text
  const loaded = new Map<string, { exports: unknown }>()
  function require(name: string): unknown {
    const known = loaded.get(name)
    if (known) return known.exports
    const compiled = engine.compile(name)
    if (compiled === undefined) throw new Error(`'${name}' is not there: in the sandbox a script finds vamp-node-client, highland and @vamp/client/workflow`)
    const module = { exports: {} as unknown }
    loaded.set(name, module)
    compiled(require, module, module.exports)
    return module.exports
  }

  Object.assign(global, {
    global, require, fetch: fetchLike,
    console: { log: print('info'), info: print('info'), debug: print('info'), warn: print('error'), error: print('error') },
    setTimeout: timer(false), setInterval: timer(true), setImmediate: (action: () => void) => start(action, 0, false), clearTimeout: clear, clearInterval: clear, clearImmediate: clear,
    queueMicrotask: (action: () => void) => { void Promise.resolve().then(action).catch(fail) },
    atob: (text: string) => engine.decode(text), btoa: (text: string) => engine.encode(text),
    Buffer: { from: (text: string, encoding = 'utf8') => ({ toString: (as = 'utf8') => as === 'base64' ? engine.encode(base64(text, encoding)) : base64(text, encoding) }) },
    process: {
      env: { ...facts.environment }, argv: ['node', 'script'], platform: 'sandbox', version: 'v24.0.0',
      nextTick: (action: (...args: unknown[]) => void, ...args: unknown[]) => { void Promise.resolve().then(() => action(...args)).catch(fail) },
      exit: (code = 0) => { if (code === 0) engine.end(true, ''); else engine.end(false, `the script ended itself with ${code}`) },
      on: () => undefined, hrtime: () => [Math.floor(engine.now() / 1000), (engine.now() % 1000) * 1_000_000],
    },
  })

  const finish = (value: unknown) => {
    if (value === undefined || typeof value === 'function') return engine.end(true, '')
    engine.end(true, stringify(value) ?? '')
  }
  async function resultOf(exported: unknown): Promise<void> {
    finish(typeof exported === 'function' ? await (exported as (event: unknown) => unknown)(facts.event) : exported)
  }
  const callbacks: Callbacks = {
    done(id, ok, json) {
      const one = waiting.get(id)
      waiting.delete(id)
      if (ok) one?.resolve(json === '' ? undefined : parse(json))
      else one?.reject(new Error(json))
    },
    fire(id) {
      const one = timers.get(id)
      if (!one) return
      if (one.everyMs === undefined) timers.delete(id)
      else engine.timer(id, one.everyMs)
      try { one.action() } catch (error) { fail(error) }
    },
    classic(run) {
      const empty = {}
      const module = { exports: empty as unknown }
      try {
        run(require, module, module.exports)
      } catch (error) {
        return fail(error)
      }
      void resultOf(module.exports === empty && Object.keys(empty).length === 0 ? undefined : module.exports).catch(fail)
    },
    module(name) { void import(name).then((script: { default?: unknown }) => resultOf(script.default)).catch(fail) },
  }
  global['__callbacks'] = callbacks
})(globalThis as unknown as Record<string | symbol, unknown>)
