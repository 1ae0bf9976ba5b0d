/** `vamp workflow state health`, `vamp workflow remember health seen 12`, `vamp workflow forget health seen` */
import { workflows } from '@vamp/model/api/workflows'
import { EXIT } from '../exit-code.ts'
import { asData, formOf } from '../output.ts'
import { jsonOrText } from '../plain-value.ts'
import type { Session } from '../session.ts'

export async function workflowState({ client, io }: Session, name: string, key: string | undefined, { output }: { readonly output?: string }): Promise<number> {
  const { data } = key === undefined ? await client.call(workflows.values, { path: { name } }, io.signal) : await client.call(workflows.value, { path: { name, key } }, io.signal)
  const nothing = key === undefined && Object.keys(data as object).length === 0 && output === undefined
  io.out(nothing ? `${name} remembers nothing.\n` : asData(data, formOf(output ?? 'yaml')))
  return EXIT.ok
}

export async function remember({ client, io }: Session, name: string, key: string, value: string): Promise<number> {
  await client.call(workflows.putValue, { path: { name, key }, body: jsonOrText(value) }, io.signal)
  io.out(`${name} remembers ${io.colours.bold(key)}\n`)
  return EXIT.ok
}

export async function forget({ client, io }: Session, name: string, key: string): Promise<number> {
  await client.call(workflows.deleteValue, { path: { name, key } }, io.signal)
  io.out(`${name} has forgotten ${io.colours.bold(key)}\n`)
  return EXIT.ok
}
