import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { whenIdle } from './later.ts'
import { startLive } from './live.ts'
import { Site } from './routes.tsx'
import { applyTheme, savedTheme } from './theme.ts'

applyTheme(savedTheme())
startLive()

const root = document.getElementById('root')
if (root) createRoot(root).render(<BrowserRouter><Site /></BrowserRouter>)

/** What is drawn later is fetched while nothing else is to do, so that the first picture does not wait for its library. */
whenIdle(() => { void import('./chart/time-chart.tsx'); void import('./pages/release.tsx') }, 4000)
