import { lazy, Suspense } from 'react'
import { Route, Routes } from 'react-router'
import { useConnection } from './connection.ts'
import Artifacts from './pages/artifacts.tsx'
import Artifact from './pages/artifact.tsx'
import Autoscalers from './pages/autoscalers.tsx'
import Cluster from './pages/cluster.tsx'
import Deployment from './pages/deployment.tsx'
import Deployments from './pages/deployments.tsx'
import Events from './pages/events.tsx'
import Gateways from './pages/gateways.tsx'
import Info from './pages/info.tsx'
import Instance from './pages/instance.tsx'
import Logs from './pages/logs.tsx'
import Nowhere from './pages/nowhere.tsx'
import Overview from './pages/overview.tsx'
import Releases from './pages/releases.tsx'
import Scales from './pages/scales.tsx'
import Service from './pages/service.tsx'
import Settings from './pages/settings.tsx'
import SignIn from './pages/sign-in.tsx'
import Slas from './pages/slas.tsx'
import Tokens from './pages/tokens.tsx'
import Workflow from './pages/workflow.tsx'
import WorkflowRun from './pages/workflow-run.tsx'
import WorkflowScript from './pages/workflow-script.tsx'
import Workflows from './pages/workflows.tsx'
import { Frame } from './ui/frame.tsx'
import { Toasts } from './ui/toast.tsx'

/** The charts come with the pages that draw them, what examines conditions with those that write some. */
const Autoscaler = lazy(() => import('./pages/autoscaler.tsx'))
const Gateway = lazy(() => import('./pages/gateway.tsx'))
const NewRelease = lazy(() => import('./pages/new-release.tsx'))
const Release = lazy(() => import('./pages/release.tsx'))

/** The whole site. */
export function Site() {
  const connection = useConnection()
  return (
    <Toasts>
      <Frame>
        {connection === 'refused' ? <SignIn /> : (
          <Suspense fallback={<main id="content"><p className="empty" aria-busy="true">One moment…</p></main>}>
            <Routes>
              <Route path="/" element={<Overview />} />
              <Route path="/releases" element={<Releases />} />
              <Route path="/releases/new" element={<NewRelease />} />
              <Route path="/releases/:name" element={<Release />} />
              <Route path="/deployments" element={<Deployments />} />
              <Route path="/deployments/:name" element={<Deployment />} />
              <Route path="/deployments/:name/clusters/:cluster" element={<Cluster />} />
              <Route path="/deployments/:name/clusters/:cluster/services/:service" element={<Service />} />
              <Route path="/deployments/:name/clusters/:cluster/services/:service/logs" element={<Logs />} />
              <Route path="/deployments/:name/clusters/:cluster/services/:service/instances/:instance" element={<Instance />} />
              <Route path="/gateways" element={<Gateways />} />
              <Route path="/gateways/*" element={<Gateway />} />
              <Route path="/autoscalers" element={<Autoscalers />} />
              <Route path="/autoscalers/:name" element={<Autoscaler />} />
              <Route path="/slas" element={<Slas />} />
              <Route path="/scales" element={<Scales />} />
              <Route path="/workflows" element={<Workflows />} />
              <Route path="/workflows/new" element={<WorkflowScript />} />
              <Route path="/workflows/:name" element={<Workflow />} />
              <Route path="/workflows/:name/script" element={<WorkflowScript />} />
              <Route path="/workflows/:name/runs/:run" element={<WorkflowRun />} />
              <Route path="/events" element={<Events />} />
              <Route path="/artifacts/:kind?" element={<Artifacts />} />
              <Route path="/artifacts/:kind/:name" element={<Artifact />} />
              <Route path="/tokens" element={<Tokens />} />
              <Route path="/settings" element={<Settings />} />
              <Route path="/info" element={<Info />} />
              <Route path="*" element={<Nowhere />} />
            </Routes>
          </Suspense>
        )}
      </Frame>
    </Toasts>
  )
}
