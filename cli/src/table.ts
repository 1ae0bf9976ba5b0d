/** Rows under titles, as wide as the terminal and no wider. */

export interface Column {
  readonly title: string
  /** Numbers. */
  readonly right?: boolean
  /** May be cut where the terminal is narrow; the first of them last. */
  readonly flexible?: boolean
}

const GAP = 2
const FLEXIBLE_MIN = 8

/** Lines without trailing blanks. Cells with line ends are shown on one line. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], { width, head = (text: string) => text }: { width: number; head?: (text: string) => string }): string {
  const cells = rows.map(row => row.map(cell => cell.replaceAll(/\s*[\r\n]+\s*/g, ' ')))
  const widths = fit(columns, columns.map(({ title }, index) => Math.max(textWidth(title), ...cells.map(row => textWidth(row[index] ?? '')))), width)
  const line = (row: readonly string[]) => columns.map((column, index) => pad(cut(row[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, column.right ?? false)).join(' '.repeat(GAP)).trimEnd()
  return [head(line(columns.map(({ title }) => title))), ...cells.map(line)].map(text => `${text}\n`).join('')
}

/** Flexible columns give what is too much, the widest first. */
function fit(columns: readonly Column[], wanted: readonly number[], width: number): readonly number[] {
  const widths = [...wanted]
  const total = () => widths.reduce((sum, each) => sum + each, 0) + GAP * (widths.length - 1)
  while (total() > width) {
    const widest = columns.reduce((found, { flexible }, index) => flexible && (widths[index] ?? 0) > FLEXIBLE_MIN && (widths[index] ?? 0) >= (widths[found] ?? 0) ? index : found, -1)
    if (widest === -1) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

/** Columns of the terminal that a text takes. */
export function textWidth(text: string): number {
  return [...new Intl.Segmenter().segment(text)].reduce((sum, { segment }) => sum + (WIDE.test(segment) ? 2 : 1), 0)
}

export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (textWidth(kept + segment) > width - 1) break
    kept += segment
  }
  return `${kept}…`
}

function pad(text: string, width: number, right: boolean): string {
  const blank = ' '.repeat(Math.max(0, width - textWidth(text)))
  return right ? blank + text : text + blank
}
