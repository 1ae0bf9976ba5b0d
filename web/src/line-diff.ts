/** What is different between two texts, line by line, with a little of what is around it. */

export interface DiffLine { readonly is: 'added' | 'cut' | 'same'; readonly text: string }

/** Above this product of line counts the middle is shown as replaced whole; it bounds time and memory. */
const CELLS_MAX = 1_000_000
const CONTEXT = 2

export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const [old, now] = [before.split('\n'), after.split('\n')]
  let head = 0
  while (head < old.length && head < now.length && old[head] === now[head]) head++
  let tail = 0
  while (tail < old.length - head && tail < now.length - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++
  const same = (text: string): DiffLine => ({ is: 'same', text })
  const middle = differing(old.slice(head, old.length - tail), now.slice(head, now.length - tail))
  if (middle.length === 0) return []
  return [...old.slice(Math.max(0, head - CONTEXT), head).map(same), ...middle, ...old.slice(old.length - tail, old.length - tail + CONTEXT).map(same)]
}

/** Longest common subsequence. */
function differing(old: readonly string[], now: readonly string[]): readonly DiffLine[] {
  const cut = (text: string): DiffLine => ({ is: 'cut', text })
  const added = (text: string): DiffLine => ({ is: 'added', text })
  if (old.length * now.length > CELLS_MAX) return [...old.map(cut), ...now.map(added)]
  const width = now.length + 1
  const lengths = new Uint32Array((old.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      lengths[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < old.length || j < now.length) {
    const [left, right] = [old[i], now[j]]
    if (left !== undefined && left === right) { lines.push({ is: 'same', text: left }); i++; j++ }
    else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) { lines.push(cut(left)); i++ }
    else if (right !== undefined) { lines.push(added(right)); j++ }
  }
  return lines
}
