import { Page } from '../ui/page.tsx'

export default function Soon() {
  return <Page title="artifact"><p className="empty">Not here yet.</p></Page>
}
