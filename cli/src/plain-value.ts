/** `12` is a number, `{…}` is JSON, anything else a text. */
export function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
