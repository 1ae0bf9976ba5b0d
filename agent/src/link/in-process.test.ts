import { linkContract } from './contract.ts'
import { linkPair } from './in-process.ts'

linkContract('this process', async () => {
  const pair = linkPair()
  return {
    link: pair.link, agent: 'a1', publish: table => pair.publish(table), reports: () => pair.reports, windows: () => pair.windows,
    die: async () => pair.cut(true), comeBack: async () => pair.cut(false), close: async () => {},
  }
})
