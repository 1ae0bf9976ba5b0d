import type { ReactNode } from 'react'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => ReactNode
  readonly numeric?: boolean
  /** Left out where the screen is narrow. */
  readonly wide?: boolean
}

/** Scrolls within itself where it does not fit, and can be reached with the keyboard for that. */
export function Table<T>({ label, columns, rows, keyOf, empty }: { readonly label: string; readonly columns: readonly Column<T>[]; readonly rows: readonly T[]; readonly keyOf: (row: T) => string; readonly empty?: ReactNode }) {
  if (rows.length === 0 && empty !== undefined) return <div className="empty">{empty}</div>
  const look = ({ numeric, wide }: Column<T>) => `${numeric ? 'numeric' : ''} ${wide ? 'wide' : ''}`.trim()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable with the keyboard
    <section className="table" aria-label={label} tabIndex={0}>
      <table>
        <thead><tr>{columns.map(column => <th key={column.title} scope="col" className={look(column)}>{column.title}</th>)}</tr></thead>
        <tbody>{rows.map(row => <tr key={keyOf(row)}>{columns.map(column => <td key={column.title} className={look(column)}>{column.cell(row)}</td>)}</tr>)}</tbody>
      </table>
    </section>
  )
}
