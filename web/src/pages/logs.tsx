import { Page } from '../ui/page.tsx'

export default function Soon() {
  return <Page title="logs"><p className="empty">Not here yet.</p></Page>
}
