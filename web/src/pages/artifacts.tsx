import { Page } from '../ui/page.tsx'

export default function Soon() {
  return <Page title="artifacts"><p className="empty">Not here yet.</p></Page>
}
