/** The contract as a page for people: no script, nothing from elsewhere. */
import { allEndpoints } from '@vamp/model/api/contract'
import type { Endpoint } from '@vamp/model/api/endpoint'
import { publicPath } from '@vamp/model/api/openapi'

export function docsPage(version: string, nowMs: number): string {
  const groups = Map.groupBy(allEndpoints(), ([, { group }]) => group)
  const sections = [...groups].map(([group, rows]) => `<h2 id="${text(group)}">${text(group)}</h2>\n${rows.map(([, row]) => entry(row)).join('\n')}`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Vamp API</title><style>
:root { color-scheme: light dark } body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code { font: 14px ui-monospace, monospace } h2 { margin-top: 2.5rem; text-transform: capitalize } details { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .4rem 0 }
summary { cursor: pointer } .method { display: inline-block; min-width: 4.5rem; font-weight: 600 } .what { opacity: .8 } td { padding: .1rem 1rem .1rem 0; vertical-align: top }
</style></head><body>
<h1>Vamp API</h1>
<p>Version ${text(version)}, ${new Date(nowMs).toISOString().slice(0, 10)}. Bodies and answers are JSON or YAML (<code>application/x-yaml</code>), as <code>Content-Type</code> and <code>Accept</code> say.
Errors are <code>{"message": …}</code>, with <code>problems</code> (code, line, column) where a document is wrong. The same as a machine reads it: <a href="/openapi.json">openapi.json</a>.</p>
<nav><p>${[...groups.keys()].map(group => `<a href="#${text(group)}">${text(group)}</a>`).join(' · ')}</p></nav>
${sections.join('\n')}
</body></html>
`
}

function entry(row: Endpoint): string {
  const query = row.query ? Object.entries(row.query.properties).map(([name, schema]) => `<tr><td><code>?${text(name)}</code></td><td>${text(String(schema.description ?? ''))}</td></tr>`).join('') : ''
  return `<details><summary><code><span class="method">${row.method}</span> ${text(publicPath(row.path))}</code> <span class="what">${text(row.summary)}</span></summary>
<table><tr><td>role</td><td>${row.role}</td></tr><tr><td>answer</td><td>${row.answer.status}${row.answer.is === 'stream' ? ', server-sent events' : ''}</td></tr>${row.body ? `<tr><td>body</td><td>${row.body.is === 'artifact' ? `one of ${row.body.kind}` : text(row.body.is)}</td></tr>` : ''}${query}</table></details>`
}

const text = (given: string) => given.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
