/** Chance as an argument: this is the only place where the ambient one is taken. */
import { randomBytes } from 'node:crypto'

/** Uniform in [0, 1), 48 bits. */
export function randomNumber(): number {
  return randomBytes(6).readUIntBE(0, 6) / 2 ** 48
}
