import { type TraceReport, trace } from '@vamp/model/api/trace'
import { useEffect, useState } from 'react'
import { useSearchParams } from 'react-router'
import { VISITORS } from '../condition-help.ts'
import { vamp } from '../server.ts'
import { percent } from '../words.ts'
import { Bar } from './bar.tsx'
import { Field } from './field.tsx'
import { Card } from './page.tsx'
import { Refusal } from './shown.tsx'

const ASK_MS = 300
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const

/** Where would this request go, and why? Asked as it is written; nothing is sent. The request is part of the address. */
export function RequestTester({ gateway }: { readonly gateway: string }) {
  const [query, setQuery] = useSearchParams()
  const [request, setRequest] = useState({ path: query.get('path') ?? '/', method: query.get('method') ?? 'GET', visitor: query.get('visitor') ?? '', headers: query.get('headers') ?? '' })
  const [report, setReport] = useState<TraceReport>()
  const [error, setError] = useState<unknown>()
  const visitor = VISITORS.find(({ who }) => who === request.visitor)?.request
  useEffect(() => {
    const gone = new AbortController()
    const timer = setTimeout(() => {
      const body = { gateway, path: request.path || '/', method: request.method, headers: { ...visitor?.headers, ...headersOf(request.headers) }, ...(visitor?.country === undefined ? {} : { country: visitor.country }) }
      vamp().call(trace.ask, { body }, gone.signal).then(({ data }) => { setReport(data); setError(undefined) }, thrown => { if (!gone.signal.aborted) setError(thrown) })
    }, ASK_MS)
    return () => { clearTimeout(timer); gone.abort() }
  }, [gateway, request, visitor])
  const change = (fields: Partial<typeof request>) => {
    const next = { ...request, ...fields }
    setRequest(next)
    setQuery(before => { const params = new URLSearchParams(before); for (const [key, value] of Object.entries(next)) if (value === '' || value === '/' || value === 'GET') params.delete(key); else params.set(key, value); return params }, { replace: true })
  }
  return (
    <Card title="Where would this request go?">
      <div className="asking">
        <Field label="Method">{ids => <select {...ids} value={request.method} onChange={({ target }) => change({ method: target.value })}>{METHODS.map(method => <option key={method}>{method}</option>)}</select>}</Field>
        <Field label="Path">{ids => <input {...ids} type="text" spellCheck={false} value={request.path} onChange={({ target }) => change({ path: target.value })} />}</Field>
        <Field label="Visitor">{ids => <select {...ids} value={request.visitor} onChange={({ target }) => change({ visitor: target.value })}><option value="">nobody in particular</option>{VISITORS.map(({ who }) => <option key={who}>{who}</option>)}</select>}</Field>
        <Field label="Headers" help="One a line, such as cookie: beta=1">{ids => <textarea {...ids} rows={2} spellCheck={false} value={request.headers} onChange={({ target }) => change({ headers: target.value })} />}</Field>
      </div>
      {error !== undefined && <Refusal error={error} />}
      {report && <Ways report={report} />}
    </Card>
  )
}

function headersOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split('\n').flatMap(line => { const [, name, value] = /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []; return name === undefined ? [] : [[name.toLowerCase(), value ?? '']] }))
}

function Ways({ report: { ways, notes } }: { readonly report: TraceReport }) {
  return (
    <div aria-live="polite" className="ways">
      {ways.map(({ share, route, version, instances, steps }) => (
        <section key={`${route} ${version}`} className="way">
          <Bar label={version ?? route ?? 'nowhere: the answer is 503'} part={share} whole={1} text={percent(share * 100)} />
          <ol>{steps.map(({ gateway, route: taken, because }) => <li key={gateway}><b>{gateway}</b> → {taken ?? 'nothing'}: {because.join(' ')}</li>)}</ol>
          {instances.length > 0 && <p className="help">{instances.length === 1 ? 'To' : 'Each as likely:'} {instances.slice(0, 6).join(', ')}{instances.length > 6 ? ` and ${instances.length - 6} more` : ''}</p>}
        </section>
      ))}
      {notes.map(note => <p key={note} className="help">{note}</p>)}
    </div>
  )
}
