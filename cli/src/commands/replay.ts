/** `vamp release replay shop-web-1.2 --policy careful.yml`, and the record that it is decided on. */
import { existsSync } from 'node:fs'
import { releases } from '@vamp/model/api/releases'
import type { Release } from '@vamp/model/release'
import { type DecisionLog, parseDecisionLog } from '@vamp/server/release/decision-log'
import { replay as decideAgain } from '@vamp/server/release/replay'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { readDocuments, textsOf } from '../files.ts'
import { asData, formOf } from '../output.ts'
import { replayText } from '../replay-view.ts'
import type { Session } from '../session.ts'

export interface ReplayFlags { readonly policy?: string; readonly output?: string }

/** The record of a release of the server, or of a file; decided again here. */
export async function replay(session: Session, from: string, flags: ReplayFlags): Promise<number> {
  const { io } = session
  const form = formOf(flags.output)
  const parsed = parseDecisionLog(await recordOf(session, from))
  if (parsed.is === 'refused') throw new CommandFailure(EXIT.refused, `${from}: ${parsed.reason}`)
  const log = parsed.value
  if (!log.evidence.some(({ phase }) => phase !== 'preparing')) throw new CommandFailure(EXIT.refused, `${from}: no second with both versions was recorded`)
  const policy = flags.policy === undefined ? undefined : await policyIn(session, flags.policy, log)
  const result = decideAgain(log, policy ?? log.release)
  if (form === 'json' || form === 'yaml') io.out(asData(result, form))
  else io.out(replayText(log, result, flags.policy, io))
  return EXIT.ok
}

/** As it is stored, for a file. */
export async function decisions(session: Session, name: string): Promise<number> {
  session.io.out(await download(session, name))
  return EXIT.ok
}

async function recordOf(session: Session, from: string): Promise<string> {
  if (from !== '-' && !existsSync(from)) return download(session, from)
  return (await textsOf(from, session.io)).map(({ text }) => text).join('\n')
}

async function download({ client, io }: Session, name: string): Promise<string> {
  return (await client.call(releases.decisions, { path: { name } }, io.signal)).data
}

/** Where the release leads is the record's; all the rest is the policy's. */
async function policyIn({ io }: Session, file: string, { release }: DecisionLog): Promise<Release> {
  const found = (await readDocuments([file], io)).flatMap(({ body }) => body.is === 'artifact' && body.artifact.kind === 'releases' ? [body.artifact] : [])
  const [policy, ...more] = found
  if (!policy || more.length > 0) throw new CommandFailure(EXIT.refused, `${file}: ${found.length} releases; the policy is one`)
  return { ...policy, name: release.name, deployment: release.deployment, cluster: release.cluster, to: release.to }
}
