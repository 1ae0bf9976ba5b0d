import { type ReactNode, useState } from 'react'
import { Link, NavLink } from 'react-router'
import { path } from '../path.ts'
import { silentMs, STALE_MS, useConnection, useNow } from '../live.ts'
import { applyTheme, savedTheme, THEMES, type Theme } from '../theme.ts'
import { duration } from '../words.ts'
import { Search } from './search.tsx'

const PLACES: readonly (readonly [name: string, to: string])[] = [
  ['Overview', path.overview()], ['Releases', path.releases()], ['Deployments', path.deployments()], ['Gateways', path.gateways()],
  ['Events', path.events()], ['Artifacts', path.artifacts()], ['Info', path.info()],
]

/** What is around every page. */
export function Frame({ children }: { readonly children: ReactNode }) {
  return (
    <>
      <a className="skip" href="#content">To the content</a>
      <header className="top">
        <Link to={path.overview()} className="brand"><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M3 8h26l-4 5-4 12-5-10-5 10-4-12z" /></svg>Vamp</Link>
        <nav aria-label="Site">{PLACES.map(([name, to]) => <NavLink key={to} to={to === '/artifacts/blueprints' ? '/artifacts' : to} end={to === '/'}>{name}</NavLink>)}</nav>
        <Search />
        <Heartbeat />
        <ThemeSwitch />
      </header>
      {children}
    </>
  )
}

/** Whether what is shown is what is. */
function Heartbeat() {
  const connection = useConnection()
  const silence = silentMs(useNow())
  if (connection === 'refused') return <span className="heartbeat warn">signed out</span>
  if (silence < STALE_MS) return <span className="heartbeat good"><span aria-hidden="true">●</span> live</span>
  return <span className="heartbeat bad" role="status"><span aria-hidden="true">▲</span> no data for {duration(silence)}</span>
}

const LOOKS: Readonly<Record<Theme, readonly [mark: string, words: string]>> = { system: ['◐', 'as the system'], light: ['☀', 'light'], dark: ['☾', 'dark'] }

/** Each press the next of the three. */
function ThemeSwitch() {
  const [theme, setTheme] = useState(savedTheme)
  const [mark, words] = LOOKS[theme]
  const next = () => {
    const chosen = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system'
    applyTheme(chosen)
    setTheme(chosen)
  }
  return <button type="button" className="theme" title={`Colours: ${words}`} aria-label={`Colours: ${words}`} onClick={next}>{mark}</button>
}
