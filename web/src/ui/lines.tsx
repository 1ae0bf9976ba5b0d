import type { ReactNode } from 'react'

/** Text whose lines stay as they are; where it is wider or longer than its place it scrolls, with the keyboard as well. */
export function Lines({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
  return <section aria-label={label} className="lines" tabIndex={0}><pre>{children}</pre></section>
}
