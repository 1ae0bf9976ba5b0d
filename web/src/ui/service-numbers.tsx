import { ApiError } from '@vamp/client/api-error'
import { metrics } from '@vamp/model/api/system'
import { useLive } from '../live.ts'
import { vamp } from '../server.ts'
import { milliseconds, percent } from '../words.ts'

interface Numbers { readonly rate: number | undefined; readonly errorRate: number | undefined; readonly p50: number | undefined; readonly p99: number | undefined }

const NAMES = ['rate', 'errorRate', 'p50', 'p99'] as const
const WINDOW_SECONDS = '10'

/** What the requests of the last seconds say of one version. */
export function ServiceNumbers({ deployment, cluster, service, port }: { readonly deployment: string; readonly cluster: string; readonly service: string; readonly port: string }) {
  const numbers = useLive<Numbers>({
    key: `numbers ${deployment}/${cluster}/${service}/${port}`, everyMs: 2000,
    load: async signal => {
      const values = await Promise.all(NAMES.map(metric => numberOf({ deployment, cluster, service, port, metric }, signal)))
      return { rate: values[0], errorRate: values[1], p50: values[2], p99: values[3] }
    },
  })
  if (numbers.is !== 'here') return null
  const { rate, errorRate, p50, p99 } = numbers.value
  return (
    <>
      <div><dt>requests</dt><dd>{rate === undefined ? '–' : `${rate.toFixed(1)} /s`}</dd></div>
      <div><dt>errors</dt><dd>{errorRate === undefined ? '–' : percent(errorRate * 100)}</dd></div>
      <div><dt>p50</dt><dd>{milliseconds(p50)}</dd></div>
      <div><dt>p99</dt><dd>{milliseconds(p99)}</dd></div>
    </>
  )
}

/** Nothing where nothing was measured. */
async function numberOf(path: { deployment: string; cluster: string; service: string; port: string; metric: string }, signal: AbortSignal): Promise<number | undefined> {
  try {
    return (await vamp().call(metrics.service, { path, query: { window: WINDOW_SECONDS } }, signal)).data
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}
