/** Reads what `vamp demo --exit --json` printed and fails unless the story came out right: verdicts, failed requests, hurt visitors. */
import { readFileSync } from 'node:fs'

interface Told {
  readonly gateway: string
  readonly requests: number
  readonly failed: number
  readonly releases: readonly { readonly to: string; readonly verdict: string; readonly seconds: number; readonly requests: number; readonly failed: number; readonly sentence: string }[]
}

/** Above these a run is wrong; the medians over many runs are far below them. */
const WANTED = [
  { to: 'web:1.1', verdict: 'promoted', failedMax: 0 },
  { to: 'web:1.2', verdict: 'rolled_back', failedMax: 60 },
  { to: 'web:1.3', verdict: 'rolled_back', failedMax: 0 },
] as const

const lastLine = readFileSync(0, 'utf8').trim().split('\n').at(-1) ?? ''
const told = JSON.parse(lastLine) as Told
const wrong = [
  ...WANTED.flatMap(({ to, verdict, failedMax }, index) => {
    const release = told.releases[index]
    if (release?.to !== to) return [`release ${index + 1} is of ${release?.to ?? 'nothing'}, not ${to}`]
    return [
      ...(release.verdict === verdict ? [] : [`${to} was ${release.verdict}, not ${verdict}`]),
      ...(release.failed <= failedMax ? [] : [`${to} failed ${release.failed} requests, more than ${failedMax}`]),
      ...(release.sentence ? [] : [`${to} has no sentence`]),
    ]
  }),
  ...(told.requests > 1000 ? [] : [`only ${told.requests} requests were made`]),
  ...foreign(told),
]
for (const line of wrong) console.error(`wrong: ${line}`)
console.log(wrong.length === 0 ? `the story came out right: ${told.requests} requests, ${told.failed} failed, all of them the faulty version's own` : 'the story came out wrong')
process.exit(wrong.length === 0 ? 0 : 1)

/** Failed requests that no faulty version accounts for. */
function foreign({ failed, releases }: Told): string[] {
  const own = releases.reduce((sum, release) => sum + release.failed, 0)
  return failed <= own ? [] : [`${failed} requests failed, but only ${own} of them in faulty versions`]
}
