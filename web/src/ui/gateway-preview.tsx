import { type GatewayView, gateways } from '@vamp/model/api/gateways'
import { useEffect, useState } from 'react'
import { bodyOf, type GatewayEdit, weightChanges } from '../gateway-edit.ts'
import { vamp } from '../server.ts'
import type { KnownGateway } from '../sources.ts'
import { percent } from '../words.ts'
import { Dialog } from './dialog.tsx'
import { Refusal } from './shown.tsx'
import { routeName } from './split.tsx'
import { useToast } from './toast.tsx'

/** What saving would do, in words, examined by the server before it may be done. */
export function GatewayPreview({ view, etag, before, after, onClose, onSaved }: { readonly view: GatewayView; readonly etag: string | undefined; readonly before: GatewayEdit; readonly after: GatewayEdit; readonly onClose: () => void; readonly onSaved: (fresh: KnownGateway) => void }) {
  const [examined, setExamined] = useState(false)
  const [error, setError] = useState<unknown>()
  const tell = useToast()
  const input = { path: { gateway: view.name }, body: bodyOf(view, after), ...(etag === undefined ? {} : { expected: etag }) }
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown when it was opened is what is examined
  useEffect(() => { vamp().plan(gateways.put, input).then(() => setExamined(true), setError) }, [])
  const save = async () => {
    try {
      await vamp().call(gateways.put, input)
      const { data, etag: fresh } = await vamp().call(gateways.get, { path: { gateway: view.name } })
      tell('good', `${view.name} is changed`)
      onSaved({ view: data, etag: fresh })
      onClose()
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <Dialog title={`Change ${view.name}?`} action="Change it" busy={!examined} onAct={() => { void save() }} onClose={onClose}>
      <ul className="changes">{sentences(view, before, after).map(sentence => <li key={sentence}>{sentence}</li>)}</ul>
      {error !== undefined && <Refusal error={error} />}
    </Dialog>
  )
}

function sentences(view: GatewayView, before: GatewayEdit, after: GatewayEdit): readonly string[] {
  const rate = view.state.requests / view.state.seconds
  const weights = weightChanges(before, after).map(({ path, before: old, after: now }) =>
    `${routeName(path)} gets ${percent(now)} instead of ${percent(old)}${rate > 0 ? `: about ${(rate * now / 100).toFixed(1)} instead of ${(rate * old / 100).toFixed(1)} requests per second` : ''}.`)
  const conditions = after.routes.flatMap(route => {
    const old = before.routes.find(({ path }) => path === route.path)
    if (old?.condition === route.condition && old.strength === route.strength) return []
    return [route.condition.trim() === '' ? `Nobody is sent to ${routeName(route.path)} by a condition any more.` : `${percent(route.strength)} of those for whom ${route.condition.trim()} get ${routeName(route.path)}, whatever the weights are.`]
  })
  const sticky = before.sticky === after.sticky ? [] : [after.sticky === 'none' ? 'Visitors do not stick any more.' : `Visitors stick to their ${after.sticky === 'route' ? 'version' : 'instance'}.`]
  return [...weights, ...conditions, ...sticky]
}
