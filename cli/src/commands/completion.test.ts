import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { completion } from './completion.ts'

/** What bash would offer, if `vamp complete` said `said`. */
async function offered(line: string, said: readonly string[]): Promise<readonly string[]> {
  let script = ''
  await completion({ out: (text: string) => { script += text } } as Parameters<typeof completion>[0], 'bash')
  const probe = `vamp() { shift 2; printf '%s\\n' "asked:$*" >&2; printf '%b' ${JSON.stringify(said.map(word => `${word}\\tmeans\\n`).join(''))}; }
${script}
COMP_LINE=${JSON.stringify(line)}; COMP_POINT=\${#COMP_LINE}; _vamp 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', probe]).toString().split('\n').filter(Boolean)
}

test('bash offers what begins with what is typed', async () => {
  expect(await offered('vamp rel', ['release', 'restore'])).toEqual(['release'])
  expect(await offered('vamp get ', ['breed', 'gateway'])).toEqual(['breed', 'gateway'])
})

test('a colon is part of a name, although bash divides there', async () => {
  expect(await offered('vamp get breed web:1', ['web:1.0', 'web:1.1', 'api:1.0'])).toEqual(['1.0', '1.1'])
})
