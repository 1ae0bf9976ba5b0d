/**
 * The house rules, as a test: what a reviewer would otherwise have to say twice.
 *
 * PACKAGES and LAYERS are the architecture (ARCHITECTURE.md). A workspace sees what its row lists. Inside the server, a file
 * sees its own folder and every row above its own; folders on one row do not know each other and meet in the store.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  model: [],
  stats: [],
  client: ['model'],
  agent: ['model', 'stats'],
  server: ['model', 'stats', 'agent', 'client'],
  cli: ['model', 'client', 'agent', 'server'],
  web: ['model', 'stats', 'client'],
  test: ['model', 'stats', 'client', 'agent', 'server', 'cli', 'web'],
  bench: ['model', 'stats', 'client', 'agent', 'server', 'cli', 'web'],
  tools: ['model', 'stats', 'client', 'agent', 'server', 'cli', 'web'],
  examples: ['client'],
  /** Scripts that come with the server. */
  workflows: ['client'],
}

/** The command line may start a server, and decides recorded releases again as the server does; for everything else it is a client like any other. */
const SERVER_FROM_CLI = /^cli\/src\/(commands\/(up|demo)|demo\/[a-z-]+|commands\/(backup|restore|replay)|replay-view)\.ts$/

const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['store', 'event', 'container', 'fleet', 'leader'],
  ['traffic', 'settings'],
  ['deployment', 'gateway', 'release', 'scaling', 'workflow'],
  ['auth'],
  ['api'],
  [''],
]

/** [pattern, where it is allowed, what to use instead] */
const BANNED: readonly (readonly [RegExp, RegExp, string])[] = [
  [/\bprocess\.env\b/, /^(server\/src\/config|cli\/src\/options|agent\/src\/options|vitest\.config)\.ts$|^(test|tools|bench|examples)\/|\.test\.ts$|contract\.ts$/, 'read the configuration handed to you'],
  [/\bDate\.now\(|new Date\(\)|(?<!\.)\bsetTimeout\(|\bsetInterval\(|\bMath\.random\(/, /^agent\/src\/base\/clock\.ts$|^(web|test|tools|bench|examples|workflows)\/|^cli\/src\/demo\/|\.test\.ts$|contract\.ts$/, 'take a Clock, or a random function'],
  [/\bconsole\.(log|info|warn|error)\(/, /^(cli|test|tools|bench|examples|web)\/|\.test\.ts$|contract\.ts$/, 'take a Logger'],
  [/\bas any\b|: any\b(?! \w)|<any>/, /^$/, 'unknown, and parse it'],
  [/^export \* from/, /^$/, 'import from the file that has it'],
  [/\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))/, /^tools\//, 'TODO(#issue)'],
]

const FILE_LINES_MAX = 500
const FUNCTION_LINES_MAX = 60
const NAMELESS = /\/(utils?|helpers?|common|misc|shared|types|interfaces|constants|index|[a-z-]*manager)\.tsx?$/

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'])
  .toString().split('\n').filter(file => file && existsSync(file))
const sources = files.filter(file => !isTest(file))
const RANK = new Map(LAYERS.flatMap((row, rank) => row.map(folder => [folder, rank] as const)))

function isTest(file: string): boolean {
  return /\.test\.tsx?$|\/contract\.ts$|\/testdata\/|\.bench\.ts$/.test(file)
}

/** 'server/src/container/process/spawn.ts' → { in: 'server', folder: 'container' }; 'cli/src/main.ts' → { in: 'cli', folder: '' } */
function place(file: string): { in: string; folder: string } {
  if (file === 'server/src/config.ts') return { in: 'server', folder: 'base' }
  const [workspace = '', ...rest] = file.replace('/src/', '/').split('/')
  return { in: workspace, folder: workspace === 'server' && rest.length > 1 ? (rest[0] ?? '') : '' }
}

const label = (file: string) => Object.values(place(file)).filter(Boolean).join('/')

function mayImport(file: string, target: string): boolean {
  const [from, to] = [place(file), place(target)]
  if (from.in === 'cli' && (to.in === 'server' || to.in === 'agent') && !SERVER_FROM_CLI.test(file)) return false
  if (from.in !== to.in) return PACKAGES[from.in]?.includes(to.in) ?? false
  return from.folder === to.folder || (RANK.get(to.folder) ?? Number.POSITIVE_INFINITY) < (RANK.get(from.folder) ?? -1)
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"\n]+)['"]/g)].flatMap(([, specifier = '']) => {
    if (specifier.startsWith('.')) return [normalize(join(dirname(file), specifier))]
    const own = /^@vamp\/(\w+)\/(.+)$/.exec(specifier)
    return own ? [`${own[1]}/src/${own[2]}.ts`] : []
  })
}

const graph = new Map(files.map(file => [file, importsOf(file)] as const))

test('every file has a place in the architecture', () => {
  const homeless = sources.filter(file => file.includes('/') && (!(place(file).in in PACKAGES) || (place(file).in === 'server' && !RANK.has(place(file).folder))))
  expect(homeless).toEqual([])
})

test('imports point one way', () => {
  const wrong = sources.flatMap(file => (graph.get(file) ?? [])
    .filter(target => target.includes('/') && !mayImport(file, target))
    .map(target => `${file} must not know ${label(target)}`))
  expect(wrong).toEqual([])
})

test('no two files import each other, directly or around', () => {
  const state = new Map<string, 'open' | 'closed'>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'closed') return
    if (state.get(file) === 'open') { cycles.push([...path.slice(path.indexOf(file)), file].join(' → ')); return }
    state.set(file, 'open')
    for (const target of valueImports(file)) visit(target, [...path, file])
    state.set(file, 'closed')
  }
  for (const file of sources) visit(file, [])
  expect(cycles).toEqual([])
})

/** Imports that exist at run time: a type that names another type is no cycle. */
function valueImports(file: string): string[] {
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8').replaceAll(/import type [^'"]*from\s*['"][^'"]+['"]/g, '')
  return [...text.matchAll(/from\s*['"](\.[^'"\n]+)['"]/g)].map(([, specifier = '']) => normalize(join(dirname(file), specifier)))
}

test('the folder graph is the one we reviewed', () => {
  const edges = new Set(sources.flatMap(file => (graph.get(file) ?? [])
    .filter(target => target.includes('/') && label(target) !== label(file))
    .map(target => `${label(file)} -> ${label(target)}`)))
  const got = `${[...edges].sort().join('\n')}\n`
  const golden = 'tools/folder-graph.txt'
  if (process.env['UPDATE'] || !existsSync(golden)) writeFileSync(golden, got)
  expect(got, 'a new edge is a design decision: UPDATE=1 npx vitest run tools/tidy.test.ts, and say why in the commit').toBe(readFileSync(golden, 'utf8'))
})

test('no banned words, no nameless files, no file longer than a sitting', () => {
  const wrong: string[] = []
  for (const file of files) {
    const lines = readFileSync(file, 'utf8').split('\n')
    if (NAMELESS.test(file)) wrong.push(`${file}: name the idea, not the drawer`)
    if (lines.length > FILE_LINES_MAX + 1 && !isTest(file)) wrong.push(`${file}: ${lines.length} lines`)
    for (const [index, line] of lines.entries())
      for (const [pattern, allowed, instead] of BANNED)
        if (pattern.test(line) && !allowed.test(file) && file !== 'tools/tidy.test.ts') wrong.push(`${file}:${index + 1}: ${instead}`)
  }
  expect(wrong).toEqual([])
})

test('no function longer than a screen', () => {
  const wrong: string[] = []
  for (const file of sources) {
    const lines = readFileSync(file, 'utf8').split('\n')
    let open: { name: string; line: number; indent: string } | undefined
    for (const [index, line] of lines.entries()) {
      const start = /^(\s*)(?:export )?(?:async )?(?:function\*? (\w+)|const (\w+) = (?:async )?\([^)]*\)[^=]*=> \{$)/.exec(line)
      if (start && !open) open = { name: start[2] ?? start[3] ?? '', line: index, indent: start[1] ?? '' }
      else if (open && line === `${open.indent}}`) {
        const length = index - open.line + 1
        const closure = returnsObject(lines.slice(open.line, index))
        if (length > FUNCTION_LINES_MAX && !closure) wrong.push(`${file}:${open.line + 1}: ${open.name} has ${length} lines`)
        open = undefined
      }
    }
  }
  expect(wrong).toEqual([])
})

/** A constructor function is a class in other clothes: the closures inside it are what must be short. */
function returnsObject(lines: readonly string[]): boolean {
  const indent = /^(\s*)/.exec(lines[0] ?? '')?.[1] ?? ''
  return lines.some(line => line.startsWith(`${indent}  return {`) || line.startsWith(`${indent}  const self`) || line.startsWith(`${indent}  const api`))
}

test('no dead files', () => {
  const alive = new Set([...graph.values()].flat())
  const entry = /(^|\/)(main|.*\.test|.*\.bench|bench|.*\.config)\.tsx?$|^(bench|tools|examples|workflows)\/|^cli\/src\/commands\/|^model\/src\/(autoscaler|policy|template|workflow)\.ts$/
  expect(files.filter(file => !alive.has(file) && !entry.test(file) && !importedByPath(file))).toEqual([])
})

/** Workers, child programs and pages are named by path instead of imported. */
function importedByPath(file: string): boolean {
  const name = file.split('/').at(-1) ?? ''
  return files.some(other => other !== file && readFileSync(other, 'utf8').includes(name))
}

test('every driver keeps the contract of its port', () => {
  const drivers = new Set(sources.flatMap(file => /^((?:server\/src\/(?:store|event|container)|agent\/src\/proxy)\/\w+)\//.exec(file)?.[1] ?? []))
  const kept = (driver: string) => files.some(file => file.startsWith(driver) && file.endsWith('.test.ts')
    && (graph.get(file) ?? []).some(target => target.endsWith('contract.ts')))
  expect([...drivers].filter(driver => !kept(driver))).toEqual([])
})
