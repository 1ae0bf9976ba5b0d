import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { startLive } from './live.ts'
import { Site } from './routes.tsx'
import { applyTheme, savedTheme } from './theme.ts'

applyTheme(savedTheme())
startLive()

const root = document.getElementById('root')
if (root) createRoot(root).render(<BrowserRouter><Site /></BrowserRouter>)

/** What is drawn later is fetched while nothing else is to do, so that the first picture does not wait for its library. */
const soon = (fetching: () => void) => { 'requestIdleCallback' in globalThis ? requestIdleCallback(fetching, { timeout: 4000 }) : setTimeout(fetching, 2000) }
soon(() => { void import('./chart/time-chart.tsx'); void import('./chart/topology-chart.tsx'); void import('./pages/release.tsx') })
