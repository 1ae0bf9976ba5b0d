/** `vamp delete deployment shop`, `vamp delete breed web:1.0 web:1.1`, `vamp delete -f shop.yml` */
import { documents } from '@vamp/model/api/documents'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { inOrder, kindOfBody, nameOfBody, readDocuments } from '../files.ts'
import { listedOf, removeOne, word } from '../kinds.ts'
import type { Session } from '../session.ts'

export interface DeleteFlags { readonly file?: readonly string[] }

export async function remove(session: Session, kindWord: string | undefined, names: readonly string[], flags: DeleteFlags): Promise<number> {
  if (flags.file) return removeFiles(session, flags.file)
  if (kindWord === undefined || names.length === 0) throw new CommandFailure(EXIT.usage, 'say what: vamp delete <kind> <name…>, or vamp delete -f <file>')
  const kind = listedOf(kindWord)
  for (const name of names) {
    await removeOne(session, kind, name)
    session.io.out(`${word(kind)} ${session.io.colours.bold(name)} ${kind === 'deployments' ? 'is being removed' : 'removed'}\n`)
  }
  return EXIT.ok
}

/** Users first, then what they use. A blueprint's deployment goes with it. */
async function removeFiles({ client, io }: Session, files: readonly string[]): Promise<number> {
  const ordered = inOrder(await readDocuments(files, io)).toReversed()
  const named = (kind: string, name: string) => `kind: ${kind}\nname: ${JSON.stringify(name)}\n`
  for (const { body } of ordered) {
    const [kind, name] = [kindOfBody(body), nameOfBody(body)]
    const text = kind === 'deployments' || kind === 'blueprints' ? named('deployments', name) : body.source
    await client.call(documents.delete, { body: text }, io.signal).catch(error => { if ((error as { status?: number }).status !== 404) throw error })
    if (kind === 'blueprints') await client.call(documents.delete, { body: body.source }, io.signal)
    io.out(`${kind}/${name} removed\n`)
  }
  return EXIT.ok
}
