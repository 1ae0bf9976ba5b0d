/** Samples are told in batches, off the path of requests. */
import type { Clock } from '../../base/clock.ts'
import type { Sample } from '../proxy.ts'
import { Samples } from '../samples.ts'

const TOLD_AFTER_MS = 20
/** A full batch is told at once; samples never wait in greater numbers. */
const BATCH_MAX = 1024

export interface SampleBatch {
  add(sample: Sample): void
  flush(): void
}

export function openSampleBatch(clock: Clock, tell: (samples: Samples) => void): SampleBatch {
  const batch = new Samples()
  let armed = false
  const flush = () => {
    armed = false
    if (batch.length > 0) tell(batch)
    batch.clear()
  }
  return {
    flush,
    add(sample) {
      batch.add(sample)
      if (batch.length >= BATCH_MAX) return flush()
      if (!armed) clock.after(TOLD_AFTER_MS, flush)
      armed = true
    },
  }
}
