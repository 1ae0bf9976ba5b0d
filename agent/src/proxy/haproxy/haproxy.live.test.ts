import { test } from 'vitest'
import { proxyContract } from '../contract.ts'
import { findBinary } from './process.ts'
import { haproxyWorld } from './testdata/harness.ts'

if (findBinary() === undefined) test.skip('HAProxy is not installed', () => {})
else proxyContract('haproxy', () => haproxyWorld())
