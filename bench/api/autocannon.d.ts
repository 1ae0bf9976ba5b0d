/** As much of autocannon as is used here; it brings no types. */
declare module 'autocannon' {
  interface Request { readonly method?: string; readonly path?: string; readonly body?: string }
  interface Options {
    readonly url: string
    readonly connections: number
    /** Seconds. */
    readonly duration: number
    readonly headers: Readonly<Record<string, string>>
    readonly requests: readonly { readonly setupRequest: (given: Request) => Request }[]
  }
  interface Result { readonly '2xx': number; readonly non2xx: number; readonly errors: number; readonly duration: number }
  export default function autocannon(options: Options): Promise<Result>
}
