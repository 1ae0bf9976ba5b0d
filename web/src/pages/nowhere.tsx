import { Link } from 'react-router'
import { path } from '../path.ts'
import { Page } from '../ui/page.tsx'

export default function Nowhere() {
  return <Page title="There is nothing here"><p>This address leads nowhere. <Link to={path.overview()}>The overview</Link> has everything that runs; the key <kbd>/</kbd> searches.</p></Page>
}
