/** Verbs for what is written in files. */
import type { Command } from 'commander'
import { asking, collect, FILE, KINDS, OUTPUT, type ProgramContext } from './verb.ts'

export function addDocuments(program: Command, context: ProgramContext): void {
  const ask = asking(program, context)
  program.command('apply').description('store everything in files, and deploy what is a blueprint; nothing happens if one document is wrong')
    .requiredOption(...FILE, collect).option('--no-deploy', 'only store blueprints; otherwise each is deployed as a deployment of its own name')
    .option('--plan', 'show what would change and change nothing').option('--wait', 'until the deployments are done').option('--timeout <time>', 'of --wait, such as 90s', '300s').option(...OUTPUT)
    .action(flags => ask(async session => (await import('../commands/apply.ts')).apply(session, flags)))
  program.command('deploy').description('run a stored blueprint, or what is in files').argument('[blueprint]').option(FILE[0], FILE[1], collect).option('--as <deployment>', 'its name; the blueprint\'s if not given')
    .option('--wait', 'until everything is ready').option('--timeout <time>', 'of --wait, such as 90s', '300s').option(...OUTPUT)
    .action((blueprint, flags) => ask(async session => (await import('../commands/deploy.ts')).deploy(session, blueprint, flags)))
  program.command('diff').description('what apply would change').requiredOption(...FILE, collect).option('--no-deploy', 'without deploying blueprints').option(...OUTPUT)
    .action(flags => ask(async session => (await import('../commands/apply.ts')).apply(session, { ...flags, plan: true })))
  program.command('delete').description('remove things; a deployment loses all of its services').argument('[kind]', KINDS).argument('[name...]').option(...FILE, collect)
    .action((kind, names, flags) => ask(async session => (await import('../commands/delete.ts')).remove(session, kind, names, flags)))
  program.command('lint').description('find what is wrong with files, without a server').argument('<file...>', 'files, directories, or -')
    .action(async files => { context.end(await (await import('../commands/lint.ts')).lint(context.io, files)) })
  program.command('fmt').description('write files in the canonical form, as get -o yaml shows things; all of them or none').argument('<file...>', 'files, directories, or - for the standard input')
    .option('--check', 'change nothing, and fail if something would change').option('--force', 'also where comments are lost')
    .action(async (files, flags) => { context.end(await (await import('../commands/fmt.ts')).fmt(context.io, files, flags)) })
}
