/** From a deployable to the words of a command line. */
import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { Fault } from '@vamp/model/fault'
import type { Workload } from '../container-driver.ts'

export const PROCESS_DEPLOYABLES = ['process', 'command', 'cmd'] as const

/**
 * `process`: the definition is split into words, quotes keep words together, nothing is expanded.
 * `command` and `cmd`: the definition goes to `sh -c`, which finds the arguments in `"$@"`.
 * Each argument of the breed becomes one word, `--key=value`, or `--key` where the value is empty; `privileged` speaks
 * to container runtimes and is left out.
 */
export function commandLine({ deployable, arguments: list }: Pick<Workload, 'deployable' | 'arguments'>): readonly [string, ...string[]] {
  const words = list.filter(({ key }) => key !== 'privileged').map(({ key, value }) => value === '' ? `--${key}` : `--${key}=${value}`)
  if (deployable.type === 'command' || deployable.type === 'cmd') return ['/bin/sh', '-c', deployable.definition, 'sh', ...words]
  if (deployable.type !== 'process')
    throw new Fault('unsupported', `the process driver does not run “${deployable.type}”, only ${PROCESS_DEPLOYABLES.join(', ')}`, { type: deployable.type })
  const [program, ...rest] = splitWords(deployable.definition)
  if (!program) throw new Fault('invalid', 'the definition names no program', { definition: deployable.definition })
  return [program, ...rest, ...words]
}

const SCRIPT = /^[\w./-]+\.([cm]?[jt]s|py|rb|pl|php|sh|jar)$/

/** Why a program that fails at once most likely does: `node server.js` looks for its script where it runs. Nothing where the script is there. */
export function missingScript(words: readonly string[], cwd: string): string | undefined {
  const script = words.find(word => !word.startsWith('-'))
  if (script === undefined || !SCRIPT.test(script) || isAbsolute(script) || existsSync(resolve(cwd, script))) return undefined
  return `there is no ${script} in ${elsewhere(cwd)}`
}

/** Of a program that is looked for in the directory alone, where that is. */
export function noProgram(program: string, cwd: string): string {
  return `there is no program ${program}${program.includes('/') && !isAbsolute(program) ? ` in ${elsewhere(cwd)}` : ''}`
}

const elsewhere = (cwd: string) => `${cwd}, where it runs; dialects: {process: {cwd: …}} names another directory`

/** POSIX quoting without expansion: 'as it is', "with \" and \\", and a backslash before any single character. */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (quote === "'") {
      if (char === "'") quote = undefined
      else word += char
    } else if (char === '\\' && at + 1 < text.length && (!quote || '"\\'.includes(text.charAt(at + 1)))) {
      word = (word ?? '') + text.charAt(++at)
    } else if (char === quote) {
      quote = undefined
    } else if (!quote && (char === '"' || char === "'")) {
      quote = char
      word ??= ''
    } else if (!quote && /\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + char
    }
  }
  if (quote) throw new Fault('invalid', `a ${quote} is never closed in “${text}”`, { definition: text })
  if (word !== undefined) words.push(word)
  return words
}
