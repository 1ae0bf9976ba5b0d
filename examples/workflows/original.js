/**
 * Written as for the original: streams, and the client that is required by its old name.
 *
 *     vamp workflow run examples/workflows/original.js
 */

const _ = require('highland')
const vamp = require('vamp-node-client')

const api = new vamp.Api()
const logger = new vamp.Log()
const metrics = new vamp.ElasticsearchMetrics(api)

_(api.gateways())
  .flatMap(gateway => metrics.average({ ft: gateway.lookup_name }, 'Tt', 60).map(({ rate }) => ({ name: gateway.name, rate })))
  .flatMap(({ name, rate }) => {
    logger.log(`${name}: ${rate} requests/s`)
    return api.event([`gateways:${name}`, 'gateway', 'metrics:rate'], rate, 'metrics')
  })
  .collect()
  .each(told => logger.log(`${told.length} events`))

