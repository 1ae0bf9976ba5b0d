/** `vamp image pushed registry/shop:1.2`: what a registry's webhook would tell, for a pipeline that has none. */
import { imagePushes } from '@vamp/model/api/image-pushes'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { asData, formOf } from '../output.ts'
import type { Session } from '../session.ts'

/** In the form of a registry of the OCI distribution. */
export async function imagePushed({ client, io }: Session, images: readonly string[], { output }: { readonly output?: string }): Promise<number> {
  const form = formOf(output)
  const events = images.map(image => {
    const [, repository, tag] = /^(.+):([\w.-]+)$/.exec(image) ?? []
    if (repository === undefined || tag === undefined) throw new CommandFailure(EXIT.usage, `'${image}' is no image with its tag, such as registry.example.com/shop:1.2`)
    return { action: 'push', target: { repository, tag } }
  })
  const { data } = await client.call(imagePushes.tell, { body: JSON.stringify({ events }) }, io.signal)
  if (form === 'json' || form === 'yaml') { io.out(asData(data, form)); return EXIT.ok }
  for (const release of data.releases) io.out(`release ${io.colours.bold(release)} begins; vamp release status ${release} --watch\n`)
  for (const { cluster, why } of data.skipped) io.out(`${cluster} stays: ${why}\n`)
  if (data.releases.length + data.skipped.length === 0) io.out('no cluster waits for this image\n')
  return EXIT.ok
}
