/** Browsers by their short names: what their user agent texts contain. Any other value is itself a piece of the text. */
const BROWSERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['chrome', ['Chrome']], ['firefox', ['Firefox']], ['safari', ['Safari', 'Version']], ['edge', ['Edge']], ['ie', ['MSIE']],
])

/** All of them must be in the user agent. `Safari` → `Safari`, `Version`, which tells it from Chrome. */
export function userAgentPieces(value: string): readonly string[] {
  return BROWSERS.get(value.toLowerCase()) ?? [value]
}
