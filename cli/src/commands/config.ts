/** `vamp config`, `vamp config set events-keep=90`, `vamp config unset events-keep` */
import { system } from '@vamp/model/api/system'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'

export async function showConfig({ client, io }: Session, { type, output }: { readonly type?: string; readonly output?: string }): Promise<number> {
  const { data } = await client.call(system.config, { query: type === undefined ? {} : { type } }, io.signal)
  if (output !== undefined) { io.out(asData(data, formOf(output))); return EXIT.ok }
  for (const [flag, value] of Object.entries(data)) io.out(`${io.colours.bold(flag)} ${value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)}\n`)
  return EXIT.ok
}

/** What else was set before stays. */
export async function setConfig(session: Session, pairs: readonly string[]): Promise<number> {
  const given = pairs.map(pair => {
    const [, flag, value] = /^(?:--)?([^=]+)=(.*)$/s.exec(pair) ?? []
    if (flag === undefined || value === undefined) throw new CommandFailure(EXIT.usage, `'${pair}' is no option=value`)
    return [flag, value] as const
  })
  return change(session, before => ({ ...before, ...Object.fromEntries(given) }))
}

export async function unsetConfig(session: Session, flags: readonly string[]): Promise<number> {
  return change(session, before => Object.fromEntries(Object.entries(before).filter(([flag]) => !flags.includes(flag))))
}

async function change({ client, io }: Session, next: (before: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>): Promise<number> {
  const { data: before } = await client.call(system.config, { query: { type: 'dynamic' } }, io.signal)
  const after = next(before)
  await client.call(system.putConfig, { body: after }, io.signal)
  io.out(Object.keys(after).length === 0 ? 'no option is changed\n' : `${Object.entries(after).map(([flag, value]) => `${io.colours.bold(flag)} ${value}`).join('\n')}\n`)
  return EXIT.ok
}
