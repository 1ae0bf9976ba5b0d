/** The program: what was typed in, an exit code out. */
import { processIo } from './io.ts'
import { environment } from './options.ts'
import { run } from './run.ts'

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort(new Error(signal)))
// A reader that has enough, such as `head`, ends the program quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(0) })

process.exitCode = await run(process.argv.slice(2), processIo(environment, interrupted.signal, () => performance.timeOrigin + performance.now()), environment)
