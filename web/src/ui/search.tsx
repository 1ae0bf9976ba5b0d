import { STATIC_KINDS, staticArtifacts } from '@vamp/model/api/artifacts'
import { deployments } from '@vamp/model/api/deployments'
import { gateways } from '@vamp/model/api/gateways'
import { releases } from '@vamp/model/api/releases'
import { workflows } from '@vamp/model/api/workflows'
import { singular } from '@vamp/model/kind'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import { type Findable, foundIn } from '../found.ts'
import { path } from '../path.ts'
import { vamp } from '../server.ts'

const page = (name: string, to: string): Findable => ({ kind: 'page', name, to })
const PAGES: readonly Findable[] = [
  page('Overview', path.overview()), page('Start a release', path.newRelease()), page('Releases', path.releases()), page('Deployments', path.deployments()), page('How requests flow', path.deploymentGraph()),
  page('Gateways', path.gateways()), page('Events', path.events()), page('Autoscalers', path.autoscalers()), page('SLAs', path.slas()), page('Scales', path.scales()), page('Workflows', path.workflows()),
  page('Write a blueprint', path.newArtifact('blueprints')), page('Artifacts', path.artifacts()), page('Tokens and roles', path.tokens()), page('Settings', path.settings()), page('Info', path.info()),
]

async function everything(): Promise<readonly Findable[]> {
  const client = vamp()
  const named = (items: readonly { readonly name: string }[], kind: string, to: (name: string) => string) => items.map(({ name }) => ({ kind, name, to: to(name) }))
  const lists = await Promise.all([
    client.all(deployments.list).then(items => named(items, 'deployment', path.deployment)),
    client.all(gateways.list).then(items => named(items, 'gateway', path.gateway)),
    client.all(releases.list).then(items => named(items, 'release', path.release)),
    client.all(workflows.list).then(items => named(items, 'workflow', path.workflow)),
    client.all(deployments.instances).then(items => items.map(({ name, deployment, cluster, service }) => ({ kind: 'instance', name, to: path.instance({ deployment, cluster, service, instance: name }) }))),
    ...STATIC_KINDS.map(kind => client.all(staticArtifacts[kind].list).then(items => named(items, singular(kind), name => kind === 'autoscalers' ? path.autoscaler(name) : path.artifact(kind, name)))),
  ].map(list => list.catch((): readonly Findable[] => [])))
  return [...PAGES, ...lists.flat()]
}

/** `/` from anywhere, arrows, Enter. */
export function Search() {
  const [text, setText] = useState('')
  const [things, setThings] = useState<readonly Findable[]>(PAGES)
  const [chosen, setChosen] = useState(0)
  const input = useRef<HTMLInputElement>(null)
  const id = useId()
  const go = useNavigate()
  useEffect(() => {
    const slash = (event: globalThis.KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest('input, textarea, select, dialog')
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      input.current?.focus()
    }
    document.addEventListener('keydown', slash)
    return () => document.removeEventListener('keydown', slash)
  }, [])
  const found = foundIn(things, text)
  const open = (to: string) => { setText(''); input.current?.blur(); go(to) }
  const key = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setChosen(Math.min(chosen + 1, found.length - 1))
    else if (event.key === 'ArrowUp') setChosen(Math.max(chosen - 1, 0))
    else if (event.key === 'Escape') { setText(''); input.current?.blur() }
    else if (event.key === 'Enter') { const one = found[chosen]; if (one) open(one.to) }
    else return
    event.preventDefault()
  }
  return (
    <div className="search">
      <input ref={input} type="search" role="combobox" aria-label="Search everything; the key / comes here" placeholder="Search  /" aria-expanded={found.length > 0} aria-controls={id} aria-autocomplete="list"
        aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined} value={text} onFocus={() => { void everything().then(setThings) }}
        onChange={({ target }) => { setText(target.value); setChosen(0) }} onKeyDown={key} />
      <div id={id} role="listbox" aria-label="Found" hidden={found.length === 0}>
        {found.map(({ kind, name, to }, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the input's
          <div key={to} id={`${id}-${index}`} role="option" aria-selected={index === chosen} tabIndex={-1} onClick={() => open(to)}><span>{name}</span><span className="dim">{kind}</span></div>
        ))}
      </div>
    </div>
  )
}
