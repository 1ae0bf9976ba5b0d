import { type ReactNode, useState } from 'react'
import { useLater } from '../later.ts'
import { Button } from './button.tsx'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => ReactNode
  readonly numeric?: boolean
  /** Left out where the screen is narrow. */
  readonly wide?: boolean
}

/** About a screen of rows; the others are drawn when that has been seen. */
const ROWS_FIRST = 20
/** More are shown to who asks. */
const ROWS_SHOWN = 50

/** Scrolls within itself where it does not fit, and can be reached with the keyboard for that. */
export function Table<T>({ label, columns, rows, keyOf, empty }: { readonly label: string; readonly columns: readonly Column<T>[]; readonly rows: readonly T[]; readonly keyOf: (row: T) => string; readonly empty?: ReactNode }) {
  const [most, setMost] = useState(ROWS_SHOWN)
  const later = useLater()
  if (rows.length === 0 && empty !== undefined) return <div className="empty">{empty}</div>
  const look = ({ numeric, wide }: Column<T>) => `${numeric ? 'numeric' : ''} ${wide ? 'wide' : ''}`.trim()
  const more = rows.length - most
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable with the keyboard */}
      <section className="table" aria-label={label} tabIndex={0}>
        <table>
          <thead><tr>{columns.map(column => <th key={column.title} scope="col" className={look(column)}>{column.title}</th>)}</tr></thead>
          <tbody>{rows.slice(0, later ? most : ROWS_FIRST).map(row => <tr key={keyOf(row)}>{columns.map(column => <td key={column.title} className={look(column)}>{column.cell(row)}</td>)}</tr>)}</tbody>
        </table>
      </section>
      {more > 0 && <div className="actions"><Button onClick={() => setMost(most * 4)}>Show {Math.min(more, most * 3)} more</Button><span className="dim">{most} of {rows.length} are shown</span></div>}
    </>
  )
}
