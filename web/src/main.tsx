import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { startLive } from './live.ts'
import { Site } from './routes.tsx'
import { applyTheme, savedTheme } from './theme.ts'

applyTheme(savedTheme())
startLive()

const root = document.getElementById('root')
if (root) createRoot(root).render(<BrowserRouter><Site /></BrowserRouter>)
