/** `npm run bench -- NAME [options]`: runs `bench/NAME/bench.ts` or `bench/NAME.ts`. */
import { existsSync } from 'node:fs'

const [name = '', ...args] = process.argv.slice(2)
const found = [`./${name}/bench.ts`, `./${name}.ts`].map(path => new URL(path, import.meta.url)).find(url => /^[a-z][a-z-]*$/.test(name) && name !== 'main' && existsSync(url))
if (!found) {
  console.error(`There is no bench ${name}. Example: npm run bench -- judge --runs 20`)
  process.exit(2)
}
const { run }: { run: (args: readonly string[]) => Promise<void> } = await import(found.href)
await run(args)
