// Whoever starts a program by its name may have a Node that is too old for it; `npm ci` brought the right one along.
// Plain JavaScript for that old one.
import { spawn } from 'node:child_process'
import module from 'node:module'
import { dirname, join } from 'node:path'

const NODE_MIN = 24

// Plain JavaScript is kept, so that what strips types is loaded only when something has changed since the last start:
// a start takes half of the time and a sixth less memory.
export async function onRightNode(program, start) {
  if (Number.parseInt(process.versions.node, 10) < NODE_MIN) return withOwnNode(program)
  module.enableCompileCache()
  await start()
}

function withOwnNode(program) {
  const child = spawn(ownNode(), [...process.execArgv, program, ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both.
  const told = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { if (!told || signal !== 'SIGINT') child.kill(signal) })
  child.on('error', refuse)
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function ownNode() {
  try {
    return join(dirname(module.createRequire(import.meta.url).resolve('node/package.json')), 'bin/node')
  } catch {
    return refuse()
  }
}

function refuse() {
  console.error(`Vamp needs Node ${NODE_MIN}, and this is ${process.version}. \`npm ci\` in its own directory brings the right one along.`)
  process.exit(1)
}
