/** The visitor (`load.ts`) as the bench sees it: how many answers it has, and the file of all of them in the end. */
import { fork } from 'node:child_process'

export interface Load { requests(): number; stop(): Promise<string> }

const KEPT = 24
const SHORT = 8

export function startLoad(directory: string, port: number, name: string): Load {
  const file = `${directory}/${name}.rows`
  const child = fork(new URL('./load.ts', import.meta.url), [String(port), String(KEPT), String(SHORT), file])
  let requests = 0
  let ended = () => {}
  child.on('message', (told: number | 'done') => {
    if (told === 'done') ended()
    else requests = told
  })
  return {
    requests: () => requests,
    async stop() {
      const done = new Promise<void>(resolve => { ended = resolve })
      child.send('end')
      await done
      return file
    },
  }
}
