/** `vamp release import canary.yml > release.yml`, without a server. */
import { importReleases } from '@vamp/model/import/import-releases'
import { describeProblems } from '@vamp/model/problem'
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import { textsOf } from '../files.ts'
import type { Io } from '../io.ts'

export interface ImportFlags { readonly deployment?: string; readonly to?: string }

/** A directory is one text: a Rollout finds its templates in any of its files. */
export async function importRelease(io: Io, file: string, flags: ImportFlags): Promise<number> {
  const text = (await textsOf(file, io)).map(({ text }) => text).join('\n---\n')
  const imported = importReleases(text, flags)
  if (imported.is === 'refused') throw new CommandFailure(EXIT.refused, describeProblems(imported.problems, file))
  io.out(imported.value)
  return EXIT.ok
}
