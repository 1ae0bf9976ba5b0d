#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Plain JavaScript, so that what strips types is loaded only when something has changed since the last start.
enableCompileCache()
await import('../src/main.ts')
