import type { Sample } from '../proxy.ts'
import { Samples } from '../samples.ts'

export function batchOf(samples: readonly Sample[]): Samples {
  const batch = new Samples()
  for (const sample of samples) batch.add(sample)
  return batch
}
