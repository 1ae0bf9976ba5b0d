/** A window as it is written down and sent: made once, since it has up to megabytes. */
import type { Window } from '@vamp/model/metric'

const texts = new WeakMap<Window, string>()

export function windowText(window: Window): string {
  const text = texts.get(window) ?? JSON.stringify(window)
  texts.set(window, text)
  return text
}
