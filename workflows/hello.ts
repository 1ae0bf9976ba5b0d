/**
 * Says hello every minute: the smallest workflow there is.
 *
 * schedule: daemon
 * VAMP_WORKFLOW_EXECUTION_PERIOD=60  seconds between two runs
 * GREETING=hello                     what it says
 */
import { vamp } from '@vamp/client/workflow'

const deployments = await vamp.deployments.list()
vamp.log(`${vamp.env['GREETING']}, ${deployments.length} deployments run here`)
