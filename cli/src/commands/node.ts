/** `vamp node drain worker-2`: what runs there is replaced elsewhere, and leaves. */
import { nodes } from '@vamp/model/api/nodes'
import { EXIT } from '../exit-code.ts'
import type { Session } from '../session.ts'

const SENTENCES = {
  active: 'takes instances again', pause: 'gets nothing new; what runs there stays', drain: 'is being emptied: what runs there is replaced elsewhere first (vamp get instances -w shows it)',
} as const

export async function setNode({ client, io }: Session, name: string, availability: keyof typeof SENTENCES): Promise<number> {
  const { data } = await client.call(nodes.setAvailability, { path: { node: name }, body: { availability } }, io.signal)
  io.out(`node ${io.colours.bold(data.name)} ${SENTENCES[availability]}\n`)
  return EXIT.ok
}
