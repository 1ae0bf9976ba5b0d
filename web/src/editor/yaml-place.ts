/** Where in a YAML text a cursor is: found from indentation and braces, because what is being typed is no YAML yet. */

/** The key of a map, or an item of a list. */
export type Step = { readonly key: string } | { readonly item: true }

export interface YamlPlace {
  /** Of the document that the cursor is in. */
  readonly kind: string | undefined
  /** From the document down to the map or the value that the cursor is in. */
  readonly steps: readonly Step[]
  readonly is: 'key' | 'value'
  /** What is typed already, and where it begins. */
  readonly typed: string
  readonly from: number
  /** Keys that the map has beside the one that is being typed. */
  readonly siblings: readonly string[]
}

const KEY = /^("[^"]*"|'[^']*'|[^\s:#{}[\],][^:#{}[\],]*?):(?=\s|$)/

interface Line { readonly indent: number; readonly items: number; readonly key: string | undefined; /** Column of the key. */ readonly at: number; readonly rest: string }

/** `  - breed: web` → an item at 2, the key `breed` at 4. */
function lineOf(text: string): Line | undefined {
  if (/^\s*(#|$)/.test(text)) return undefined
  const indent = text.length - text.trimStart().length
  let [at, items] = [indent, 0]
  while (/^-(\s|$)/.test(text.slice(at))) { at += 1; items++; at += text.slice(at).length - text.slice(at).trimStart().length }
  const key = KEY.exec(text.slice(at))?.[1]
  return { indent, items, key: key?.replaceAll(/^["']|["']$/g, ''), at, rest: key === undefined ? text.slice(at) : text.slice(at + key.length + 1) }
}

export function yamlPlace(text: string, offset: number): YamlPlace {
  const before = text.slice(0, offset)
  const start = before.lastIndexOf('\n---') < 0 ? 0 : before.indexOf('\n', before.lastIndexOf('\n---') + 1) + 1 || before.length
  const ending = text.indexOf('\n---', offset)
  const lines = text.slice(start, ending < 0 ? undefined : ending).split('\n')
  const row = before.slice(start).split('\n').length - 1
  const typedLine = before.slice(before.lastIndexOf('\n') + 1)
  const kind = lines.flatMap(line => /^kind:\s*["']?([\w-]+)/.exec(line)?.[1] ?? [])[0]
  const flow = flowPlace(typedLine)
  const block = blockPlace(lines, row, flow ? typedLine.slice(0, flow.opened) : typedLine)
  const typed = (flow ? flow.typed : block.typed)
  return { kind, is: flow ? flow.is : block.is, typed, from: offset - typed.length, steps: flow ? [...block.steps, ...flow.steps] : block.steps, siblings: flow ? flow.siblings : block.siblings }
}

/** In lines: every line above with a smaller indentation is what this one is in. */
function blockPlace(lines: readonly string[], row: number, typedLine: string): Pick<YamlPlace, 'steps' | 'is' | 'typed' | 'siblings'> {
  const here = lineOf(typedLine) ?? { indent: typedLine.length, items: 0, key: undefined, at: typedLine.length, rest: '' }
  const steps: Step[] = []
  if (here.key !== undefined) steps.push({ key: here.key })
  for (let item = 0; item < here.items; item++) steps.unshift({ item: true })
  let limit = here.items > 0 ? here.indent : here.at
  // A list may stand as far to the left as the key that it belongs to.
  let inList = here.items > 0
  for (let above = row - 1; above >= 0 && (limit > 0 || inList); above--) {
    const line = lineOf(lines[above] ?? '')
    if (!line) continue
    if (line.items > 0 && line.at <= limit && line.indent < limit && !(line.at === limit && line.key === undefined)) {
      if (line.at < limit && line.key !== undefined) steps.unshift({ key: line.key })
      for (let item = 0; item < line.items; item++) steps.unshift({ item: true })
      limit = line.indent
      inList = true
    } else if (line.items === 0 && line.key !== undefined && (line.indent < limit || (inList && line.indent === limit))) {
      steps.unshift({ key: line.key })
      limit = line.indent
      inList = false
    }
  }
  const is = here.key === undefined ? 'key' : 'value'
  return { steps, is, typed: is === 'key' ? here.rest.trimStart() : here.rest.trimStart(), siblings: is === 'key' ? siblingsOf(lines, row, here) : [] }
}

/** Keys at the same column, up and down until something stands further to the left. */
function siblingsOf(lines: readonly string[], row: number, here: Line): readonly string[] {
  const found: string[] = []
  const walk = (rows: readonly string[]) => {
    for (const text of rows) {
      const line = lineOf(text)
      if (!line) continue
      if (line.indent < here.at && !(line.items > 0 && line.at === here.at)) return
      if (line.at === here.at && line.key !== undefined) found.push(line.key)
      if (line.items > 0 && line.indent < here.at) return
    }
  }
  if (here.items === 0) walk(lines.slice(0, row).toReversed())
  const below = lines.slice(row + 1)
  const end = below.findIndex(text => { const line = lineOf(text); return line !== undefined && (line.indent < here.at) })
  walk(end < 0 ? below : below.slice(0, end))
  return found
}

interface FlowPlace extends Pick<YamlPlace, 'steps' | 'is' | 'typed' | 'siblings'> { /** Where the first brace is open. */ readonly opened: number }

/** In braces of this line, if one is open at its end. */
function flowPlace(line: string): FlowPlace | undefined {
  const open: { at: number; brace: '{' | '['; keys: string[]; key: string | undefined; text: string }[] = []
  let quote = ''
  for (const [at, char] of [...line].entries()) {
    const inner = open.at(-1)
    if (quote) { if (char === quote) quote = ''; if (inner) inner.text += char; continue }
    if ((char === '"' || char === "'")) quote = char
    if (char === '{' || char === '[') open.push({ at, brace: char, keys: [], key: undefined, text: '' })
    else if (char === '}' || char === ']') open.pop()
    else if (inner && char === ',') { inner.key = undefined; inner.text = '' }
    else if (inner && inner.brace === '{' && inner.key === undefined && char === ':') { inner.key = inner.text.trim(); inner.keys.push(inner.key); inner.text = '' }
    else if (inner) inner.text += char
  }
  const first = open[0]
  const last = open.at(-1)
  if (!first || !last) return undefined
  const steps = open.flatMap(({ brace, key }): Step[] => brace === '[' ? [{ item: true }] : key === undefined ? [] : [{ key }])
  const is = last.brace === '{' && last.key === undefined ? 'key' : 'value'
  return { opened: first.at, steps, is, typed: last.text.trimStart(), siblings: is === 'key' ? last.keys : [] }
}
