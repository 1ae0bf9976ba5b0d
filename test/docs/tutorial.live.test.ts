/** The tutorial, command by command, as a reader runs it: what it says comes out comes out. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort, until } from '../../web/testdata/stage.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = readFileSync(join(ROOT, 'docs/tutorial.md'), 'utf8')
const BLOCK_MS = 120_000

interface Block { readonly how: string; readonly text: string; readonly expected: readonly string[] }

/** A block of commands, and what the text after it says that they print. */
const BLOCKS: readonly Block[] = [...PAGE.matchAll(/```sh *(.*)\n([\s\S]*?)```(?:\n```text\n([\s\S]*?)```)?/g)].map(([, how = '', text = '', expected = '']) => ({ how, text, expected: expected.split('\n').filter(Boolean) }))

let directory = ''
let ports: readonly [api: number, gateway: number] = [0, 0]
const background: ChildProcess[] = []

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vamp-tutorial-'))
  ports = [await freePort(), await freePort()]
})

afterAll(async () => {
  // The last that was started ends first: the server stops what runs when it is told to.
  for (const child of background.toReversed()) {
    if (child.pid && child.exitCode === null) { process.kill(-child.pid, 'SIGTERM'); await new Promise(resolve => child.once('exit', resolve)) }
  }
  rmSync(directory, { recursive: true, force: true })
})

test('a reader who does what the tutorial says sees what it says', async () => {
  for (const block of BLOCKS) {
    const where = block.text.split('\n')[0] ?? ''
    if (block.how === 'in the background') { await begin(block.text); continue }
    const { code, said } = await say(block.text)
    expect([where, code, said]).toEqual([where, block.how === 'exits with 1' ? 1 : 0, said])
    for (const line of block.expected) expect(said, where).toContain(line)
  }
  expect(BLOCKS.length).toBeGreaterThan(7)
}, 300_000)

const environment = () => ({ ...process.env, VAMP_HOST: `http://127.0.0.1:${ports[0]}`, VAMP_CONFIG: join(directory, 'contexts.json'), VAMP_PORT: String(ports[0]), VAMP_ON_EXIT: 'stop', VAMP_LOG_LEVEL: 'warn' })

/** Other ports, so that nothing else on this machine is met. */
const local = (text: string) => text.replaceAll('npx vamp', `${process.execPath} ${join(ROOT, 'cli/bin/vamp.mjs')}`).replaceAll('9050', String(ports[1])).replace(/(vamp\.mjs init .*)/, `$1 --gateway-port ${ports[1]}`)

async function begin(text: string): Promise<void> {
  background.push(spawn('bash', ['-c', `exec ${local(text)}`], { cwd: directory, env: environment(), stdio: 'ignore', detached: true }))
  if (text.includes('vamp up')) await until('the server is ready', async () => (await fetch(`http://127.0.0.1:${ports[0]}/api/v1/health/ready`)).ok)
}

function say(text: string): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise(resolve => {
    execFile('bash', ['-e', '-o', 'pipefail', '-c', local(text)], { cwd: directory, env: environment(), timeout: BLOCK_MS }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 124) : 0, said: stdout + stderr }))
  })
}
