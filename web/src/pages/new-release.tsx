import { ApiError } from '@vamp/client/api-error'
import { staticArtifacts } from '@vamp/model/api/artifacts'
import type { DeploymentView } from '@vamp/model/api/deployments'
import { releases } from '@vamp/model/api/releases'
import { type FormEvent, useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useLive } from '../look.ts'
import { path } from '../path.ts'
import { bodyOf, releaseName, USUAL } from '../release-form.ts'
import { vamp } from '../server.ts'
import { allDeployments } from '../sources.ts'
import { serviceName } from '../troubles.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { Page } from '../ui/page.tsx'
import { ReleaseChoices } from '../ui/release-choices.tsx'
import { Refusal, Shown } from '../ui/shown.tsx'
import { useToast } from '../ui/toast.tsx'

export default function NewRelease() {
  const deployments = useLive(allDeployments())
  const breeds = useLive({ key: 'breed names', everyMs: 10_000, load: async signal => (await vamp().all(staticArtifacts.breeds.list, {}, signal)).map(({ name }) => name), wakes: ({ tags }) => tags.includes('breeds') })
  return (
    <Page title="Start a release" crumbs={[{ name: 'Releases', to: path.releases() }]}>
      <Shown of={deployments}>{all => all.length === 0 ? <p className="empty">Nothing runs yet that could be replaced. <Link to={path.newArtifact('blueprints')}>Deploy a blueprint first.</Link></p>
        : <Shown of={breeds}>{names => <Form deployments={all} breeds={names} />}</Shown>}
      </Shown>
    </Page>
  )
}

interface Place { readonly deployment: string; readonly cluster: string }

function Form({ deployments, breeds }: { readonly deployments: readonly DeploymentView[]; readonly breeds: readonly string[] }) {
  const [query] = useSearchParams()
  const places = deployments.flatMap(({ name, clusters }) => Object.keys(clusters).map((cluster): Place => ({ deployment: name, cluster })))
  const asked = places.find(({ deployment, cluster }) => deployment === query.get('deployment') && cluster === query.get('cluster'))
  const [place, setPlace] = useState(asked ?? places[0] ?? { deployment: '', cluster: '' })
  const [choices, setChoices] = useState(USUAL)
  const running = deployments.find(({ name }) => name === place.deployment)?.clusters[place.cluster]?.services.map(serviceName) ?? []
  const candidates = breeds.filter(name => !running.includes(name)).toSorted((a, b) => related(b, running) - related(a, running) || b.localeCompare(a, 'en', { numeric: true }))
  const [picked, setPicked] = useState('')
  const to = candidates.includes(picked) ? picked : candidates[0] ?? ''
  const [ownName, setOwnName] = useState<string>()
  const name = ownName ?? releaseName({ ...place, to })
  const [error, setError] = useState<unknown>()
  const tell = useToast()
  const go = useNavigate()
  const begin = async (event: FormEvent) => {
    event.preventDefault()
    try {
      await vamp().call(releases.put, { path: { name }, body: bodyOf({ ...choices, ...place, to, name }), expected: 'absent' })
      tell('good', `${name} begins`)
      go(path.release(name))
    } catch (thrown) {
      setError(thrown instanceof ApiError && thrown.status === 412 ? new Error(`There is a release named ${name} already; give this one another name.`) : thrown)
    }
  }
  return (
    <form className="form card" onSubmit={event => { void begin(event) }}>
      <Field label="Where" help={running.length > 0 ? `Now: ${running.join(', ')}.` : 'Nothing runs there now.'}>{ids => (
        <select {...ids} value={`${place.deployment}/${place.cluster}`} onChange={({ target }) => setPlace(places.find(({ deployment, cluster }) => `${deployment}/${cluster}` === target.value) ?? place)}>
          {places.map(({ deployment, cluster }) => <option key={`${deployment}/${cluster}`}>{`${deployment}/${cluster}`}</option>)}
        </select>
      )}</Field>
      <Field label="New version" help={<>A breed that does not run there yet. <Link to={path.newArtifact('breeds')}>Write one.</Link></>}>{ids => (
        <select {...ids} required value={to} onChange={({ target }) => setPicked(target.value)}>{candidates.map(breed => <option key={breed}>{breed}</option>)}</select>
      )}</Field>
      <Field label="Name of the release">{ids => <input {...ids} type="text" required value={name} onChange={({ target }) => setOwnName(target.value)} />}</Field>
      <ReleaseChoices choices={choices} onChoices={setChoices} />
      {error !== undefined && <Refusal error={error} />}
      <div className="actions"><Button type="submit" kind="main" disabled={to === ''}>Begin</Button><span className="help">The new version is started first; it gets requests when it is healthy.</span></div>
    </form>
  )
}

/** Versions of what runs come first: `web:2` where `web:1` is. */
function related(breed: string, running: readonly string[]): number {
  const stem = (name: string) => name.split(':')[0]
  return running.some(name => stem(name) === stem(breed)) ? 1 : 0
}
