import { test } from 'vitest'
import { proxyContract } from '../contract.ts'
import { findBinary } from './process.ts'
import { haproxyWorld } from './testdata/harness.ts'

// Where HAProxy cannot be installed there is nothing to try; `npm test` installs it if it may.
if (findBinary() === undefined) test.skip('HAProxy is not installed', () => {})
else proxyContract('haproxy', () => haproxyWorld())
