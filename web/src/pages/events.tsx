import { Page } from '../ui/page.tsx'

export default function Soon() {
  return <Page title="events"><p className="empty">Not here yet.</p></Page>
}
