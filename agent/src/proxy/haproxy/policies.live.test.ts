/** Policies as a client of a real HAProxy sees them. */
import { describe } from 'vitest'
import { policyContract } from '../testdata/policy-contract.ts'
import { findBinary } from './process.ts'
import { haproxyWorld } from './testdata/harness.ts'

describe.skipIf(findBinary() === undefined)('HAProxy', () => { policyContract('haproxy', haproxyWorld) })
