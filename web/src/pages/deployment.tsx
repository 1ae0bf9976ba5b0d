import { Page } from '../ui/page.tsx'

export default function Soon() {
  return <Page title="deployment"><p className="empty">Not here yet.</p></Page>
}
