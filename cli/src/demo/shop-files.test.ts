import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseBodies } from '@vamp/model/parse/document'
import { expect, test } from 'vitest'
import { SHOP_IMAGE } from './shop-image.ts'

const FOLDER = fileURLToPath(new URL('../../../examples/shop/', import.meta.url))
const files = readdirSync(FOLDER).filter(name => name.endsWith('.yml'))

/** What Node.js needs where memory has a limit, and where another host asks. */
function withContainers(text: string): string {
  return text
    .replace('  type: process\n  definition: node examples/shop/shop.ts', `  type: container/docker\n  definition: ${SHOP_IMAGE}     # made on this machine by: npm run demo -- --containers docker`)
    .replace(/ {2}http: 0\/http.*/, '  http: 8080/http')
    .replace('environment_variables:\n', 'environment_variables:\n  HOST: 0.0.0.0\n')
    .replace('two processes behind', 'two containers behind').replace('memory: 64MB', 'memory: 256MB')
}

test.each(files)('%s is the same story with containers as with processes', name => {
  const wanted = withContainers(readFileSync(`${FOLDER}${name}`, 'utf8'))
  if (process.env['UPDATE']) writeFileSync(`${FOLDER}docker/${name}`, wanted)

  expect(readFileSync(`${FOLDER}docker/${name}`, 'utf8'), 'UPDATE=1 npx vitest run cli/src/demo/shop-files.test.ts').toBe(wanted)
  expect(wanted).toContain(`definition: ${SHOP_IMAGE}`)
  expect(parseBodies(wanted).is).toBe('ok')
})
