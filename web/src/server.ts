/** The one client of the server that this page came from, and the token it asks with. */
import { type Client, openClient } from '@vamp/client/client'
import { ApiError } from '@vamp/client/api-error'

const TOKEN_KEY = 'vamp-token'

let token = sessionStorage.getItem(TOKEN_KEY) ?? undefined
let client = open()

function open(): Client {
  return openClient({ url: location.origin, ...(token === undefined ? {} : { token }), timeoutMs: 10_000 })
}

export const vamp = (): Client => client

/** Kept for as long as the browser's tab is open. */
export function signIn(secret: string): void {
  token = secret
  sessionStorage.setItem(TOKEN_KEY, secret)
  client = open()
}

export function signOut(): void {
  token = undefined
  sessionStorage.removeItem(TOKEN_KEY)
  client = open()
}

export const signedIn = (): boolean => token !== undefined

/** One sentence for a person. */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiError && error.problems.length > 0) return error.problems.map(({ message }) => message).join(' ')
  return error instanceof Error ? error.message : String(error)
}
