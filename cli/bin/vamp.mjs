#!/usr/bin/env -S node --max-semi-space-size=2
// A server that mostly waits needs no large nursery for its objects: 50 MB less, for a little more collecting.
import { fileURLToPath } from 'node:url'
import { onRightNode } from '../../agent/bin/own-node.mjs'

await onRightNode(fileURLToPath(import.meta.url), () => import('../src/main.ts'))
