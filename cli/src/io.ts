/** The terminal, or whatever stands in for it. Commands print here and nowhere else. */
import { createColors } from 'picocolors'
import { setTimeout as wait } from 'node:timers/promises'

export interface Io {
  /** Results; one text at a time, with its line ends. */
  out(text: string): void
  /** What is not the result: progress, warnings, errors. */
  err(text: string): void
  /** Everything that is piped in. */
  stdin(): Promise<string>
  /** Of the terminal as it is now; it changes when somebody drags its corner. */
  readonly columns: number
  readonly rows: number
  /** A person looks at it. */
  readonly terminal: boolean
  readonly colours: ReturnType<typeof createColors>
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** Unix milliseconds. */
  now(): number
  sleep(ms: number): Promise<void>
}

const [COLUMNS, ROWS] = [100, 24]

export function processIo(environment: Readonly<Record<string, string | undefined>>, interrupted: AbortSignal, now: () => number): Io {
  const terminal = process.stdout.isTTY === true
  return {
    out: text => { process.stdout.write(text) },
    err: text => { process.stderr.write(text) },
    async stdin() {
      const chunks: Buffer[] = []
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks).toString()
    },
    get columns() { return process.stdout.columns ?? COLUMNS },
    get rows() { return process.stdout.rows ?? ROWS },
    terminal,
    colours: createColors(terminal && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb'),
    signal: interrupted,
    now,
    sleep: ms => wait(ms, undefined, { signal: interrupted }).catch(() => undefined),
  }
}
