#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { onRightNode } from './own-node.mjs'

await onRightNode(fileURLToPath(import.meta.url), () => import('../src/main.ts'))
