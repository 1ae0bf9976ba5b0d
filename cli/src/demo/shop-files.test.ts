import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseBodies } from '@vamp/model/parse/document'
import { expect, test } from 'vitest'
import { SHOP_IMAGE } from './shop-image.ts'

const FOLDER = fileURLToPath(new URL('../../../examples/shop/', import.meta.url))
const files = readdirSync(FOLDER).filter(name => name.endsWith('.yml'))

test.each(files)('%s is the same story with containers as with processes', name => {
  const asProcess = readFileSync(`${FOLDER}${name}`, 'utf8')
  const asContainer = readFileSync(`${FOLDER}docker/${name}`, 'utf8')

  const story = (text: string) => text.split('\n').filter(line => !/^#|^ {2}(type|definition|http|HOST):/.test(line)).join('\n').replace(/memory: \d+MB/, 'memory')
  expect(story(asContainer)).toBe(story(asProcess))
  expect(asContainer).toContain(`type: container/docker\n  definition: ${SHOP_IMAGE} `)
  expect(parseBodies(asContainer).is).toBe('ok')
})
