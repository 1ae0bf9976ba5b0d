/**
 * HAProxy's command line over its admin socket: one connection that stays, commands one after the other, every answer checked.
 * With `prompt` each answer ends in `\n> `; with `severity-output number` a message starts with `[n]:`, where 3 and below is a failure.
 */
import { createConnection } from 'node:net'
import type { Socket } from 'node:net'
import { Fault } from '@vamp/model/fault'
import type { Clock } from '../../base/clock.ts'
import type { Command } from './command.ts'

export interface Runtime {
  /** Sends all, waits for all answers, and returns them. Throws `Fault('proxy_refused')` with the first answer that is a failure, after the last came. */
  send(commands: readonly Command[]): Promise<string[]>
  /** As `send` for one command, without a judgement of the answer. */
  ask(command: string): Promise<string>
  close(): void
  readonly closed: boolean
}

export interface RuntimeOptions {
  readonly socket: string
  readonly clock: Clock
  /** Called once when the connection is lost, not when it is closed by `close`. */
  readonly onLost?: () => void
}

/** Commands on their way at once; the answers come in order. */
const IN_FLIGHT = 200
const ANSWER_MS = 10_000
const PROMPT = '\n> '

interface Waiting { readonly resolve: (answer: string) => void; readonly reject: (fault: Fault) => void }

/** Connects; throws `Fault('proxy_unreachable')` if nothing answers there. */
export async function openRuntime({ socket: path, clock, onLost }: RuntimeOptions): Promise<Runtime> {
  const waiting: Waiting[] = []
  /** Of the answer that is coming, and the end of it: a long one comes in many pieces, and is put together once. */
  let [pieces, end]: [string[], string] = [[], '']
  let state: 'open' | 'lost' | 'closed' = 'open'
  const socket = await connect(path)
  socket.setEncoding('latin1')
  const lose = (why: string) => {
    if (state !== 'open') return
    state = 'lost'
    socket.destroy()
    for (const each of waiting.splice(0)) each.reject(new Fault('proxy_unreachable', 'haproxy does not answer on its socket', { socket: path, why }))
    onLost?.()
  }
  socket.on('error', error => lose(error.message))
  socket.on('close', () => lose('connection closed'))
  socket.on('data', (data: string) => {
    pieces.push(data)
    const whole = (end + data).includes(PROMPT)
    end = (end + data).slice(-PROMPT.length)
    if (!whole) return
    const answers = pieces.join('').split(PROMPT)
    pieces = [answers.pop() ?? '']
    end = (pieces[0] ?? '').slice(-PROMPT.length)
    for (const answer of answers) waiting.shift()?.resolve(answer.trim())
  })
  /** In one write, and one look at the clock. */
  const request = async (commands: readonly string[]): Promise<string[]> => {
    if (state !== 'open') throw new Fault('proxy_unreachable', 'haproxy does not answer on its socket', { socket: path, why: state })
    const cancel = clock.after(ANSWER_MS, () => lose(`no answer within ${ANSWER_MS} ms`))
    const answers = commands.map(() => new Promise<string>((resolve, reject) => { waiting.push({ resolve, reject }) }))
    socket.write(commands.map(command => `${command}\n`).join(''), 'latin1')
    return await Promise.all(answers).finally(cancel)
  }
  const ask = async (command: string) => (await request([command]))[0] ?? ''
  await ask('prompt')
  await ask('set severity-output number')
  return {
    ask,
    async send(commands) {
      const answers: string[] = []
      for (let from = 0; from < commands.length; from += IN_FLIGHT)
        answers.push(...await request(commands.slice(from, from + IN_FLIGHT).map(({ text }) => text)))
      const wrong = commands.findIndex((command, index) => failed(answers[index] ?? '', command))
      if (wrong >= 0) throw refusal(commands[wrong]?.text ?? '', answers[wrong] ?? '')
      return answers
    },
    close() {
      state = 'closed'
      for (const each of waiting.splice(0)) each.reject(new Fault('proxy_unreachable', 'the connection was closed', { socket: path }))
      socket.destroy()
    },
    get closed() { return state !== 'open' },
  }
}

function failed(answer: string, command: Command): boolean {
  const severity = /\[([0-7])\]: ?/.exec(answer)
  if (!severity) return answer.startsWith('Unknown command')
  return Number(severity[1]) <= 3 && !command.fine?.test(answer)
}

function refusal(command: string, answer: string): Fault {
  const reason = answer.replace(/^[+ ]*\[\d\]: ?/, '').trim()
  return new Fault('proxy_refused', 'haproxy refused a command', { reason, command: command.split('\n')[0]?.slice(0, 200) })
}

function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('connect', () => { socket.off('error', failed); resolve(socket) })
    const failed = (cause: Error) => reject(new Fault('proxy_unreachable', 'haproxy does not answer on its socket', { socket: path }, { cause }))
    socket.once('error', failed)
  })
}
