/** The log, for whoever wants to watch it: a logger that passes everything on and tells its listeners. */
import type { Logger } from '@vamp/agent/base/log'
import { openListeners } from '../base/listeners.ts'

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly facts: Readonly<Record<string, unknown>>
}

export interface LogTail {
  readonly log: Logger
  listen(listener: (entry: LogEntry) => void): () => void
}

export function tailOf(log: Logger): LogTail {
  const listeners = openListeners<LogEntry>()
  const line = (level: LogEntry['level']) => (message: string, facts: Readonly<Record<string, unknown>> = {}) => {
    log[level](message, facts)
    if (listeners.size > 0) listeners.tell({ level, message, facts })
  }
  return { log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }, listen: listeners.add }
}
