/** Policies as a client of the embedded proxy sees them. */
import { systemClock } from '../../base/clock.ts'
import { silent } from '../../base/log.ts'
import { liveHarness } from '../testdata/live-harness.ts'
import { policyContract } from '../testdata/policy-contract.ts'
import { openEmbedded } from './embedded.ts'

policyContract('embedded', async () => liveHarness({ proxy: openEmbedded({ clock: systemClock, log: silent, random: Math.random }), refused: table => table, survivesDetach: false }))
