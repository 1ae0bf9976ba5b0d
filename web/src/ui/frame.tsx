import { type ReactNode, useEffect, useState } from 'react'
import { Link, NavLink, useLocation } from 'react-router'
import { path } from '../path.ts'
import { silentMs, STALE_MS, useConnection } from '../connection.ts'
import { useNow } from '../live.ts'
import { applyTheme, savedTheme, THEMES, type Theme } from '../theme.ts'
import { duration } from '../words.ts'
import { Search } from './search.tsx'

interface Place { readonly name: string; readonly to: string; /** Also there below this address. */ readonly below?: string }

/** By what one wants to do there. */
const PLACES: readonly { readonly group: string; readonly places: readonly Place[] }[] = [
  { group: 'Look', places: [{ name: 'Overview', to: path.overview() }, { name: 'Events', to: path.events() }] },
  { group: 'Run', places: [{ name: 'Deployments', to: path.deployments() }, { name: 'Gateways', to: path.gateways() }, { name: 'Releases', to: path.releases() }] },
  { group: 'Scale', places: [{ name: 'Autoscalers', to: path.autoscalers() }, { name: 'SLAs', to: path.slas() }, { name: 'Scales', to: path.scales() }] },
  { group: 'Automate', places: [{ name: 'Workflows', to: path.workflows() }, { name: 'Artifacts', to: path.artifacts(), below: '/artifacts' }] },
  { group: 'Server', places: [{ name: 'Tokens', to: path.tokens() }, { name: 'Settings', to: path.settings() }, { name: 'Info', to: path.info() }] },
]

/** What is around every page. */
export function Frame({ children }: { readonly children: ReactNode }) {
  const [open, setOpen] = useState(false)
  const { pathname } = useLocation()
  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the menu
  useEffect(() => setOpen(false), [pathname])
  return (
    <div className="frame">
      <a className="skip" href="#content">To the content</a>
      <header className="top">
        <button type="button" className="menu" aria-expanded={open} aria-controls="places" onClick={() => setOpen(!open)}><span aria-hidden="true">{open ? '✕' : '☰'}</span><span className="unseen">Menu</span></button>
        <Link to={path.overview()} className="brand"><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M3 8h26l-4 5-4 12-5-10-5 10-4-12z" /></svg>Vamp</Link>
        <Search />
        <Heartbeat />
        <ThemeSwitch />
      </header>
      <nav id="places" className={open ? 'places open' : 'places'} aria-label="Site">
        {PLACES.map(({ group, places }) => (
          <section key={group} aria-label={group}>
            <p aria-hidden="true">{group}</p>
            {places.map(({ name, to, below }) => <NavLink key={to} to={to} end={to === '/'} className={({ isActive }) => isActive || (below !== undefined && pathname.startsWith(below)) ? 'active' : ''}>{name}</NavLink>)}
          </section>
        ))}
      </nav>
      {children}
    </div>
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
