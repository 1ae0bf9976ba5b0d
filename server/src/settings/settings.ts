/**
 * The options in force: what the server was started with, and over it the dynamic layer, which is stored and can be written
 * while the server runs. Whoever needs an option that may change reads it here at the moment when it matters.
 */
import type { Logger } from '@vamp/agent/base/log'
import { openListeners } from '../base/listeners.ts'
import { type Config, type Texts, withDynamic } from '../config.ts'
import type { Store, Write } from '../store/store.ts'

/** Of the record. */
export const DYNAMIC = 'configuration'

export interface Settings {
  readonly current: Config
  /** The dynamic layer, by flag. */
  readonly dynamic: Texts
  /** Called after `current` has changed. */
  onChange(listener: (config: Config) => void): () => void
  close(): void
}

/** What replaces the dynamic layer in the store. */
export const dynamicWrite = (texts: Texts): Write => Object.keys(texts).length === 0
  ? { do: 'delete', kind: 'settings', name: DYNAMIC, expected: 'any' }
  : { do: 'put', kind: 'settings', name: DYNAMIC, value: { options: texts }, expected: 'any' }

export async function openSettings({ store, config, log }: { store: Store; config: Config; log: Logger }): Promise<Settings> {
  const listeners = openListeners<Config>()
  let dynamic: Texts = {}
  let current = config
  let reading = false
  let again = false

  async function read(): Promise<void> {
    const options = (await store.get('settings', DYNAMIC))?.value['options']
    const texts = Object.fromEntries(Object.entries(typeof options === 'object' && options !== null ? options : {}).map(([flag, text]) => [flag, String(text)]))
    const laid = withDynamic(config, texts)
    // Written by another version, which knew more or other options.
    if (laid.problems.length > 0) log.warn('stored options are passed over', { problems: laid.problems.map(({ message }) => message) })
    const changed = JSON.stringify(laid.config) !== JSON.stringify(current)
    dynamic = texts
    current = laid.config
    if (changed) log.info('options changed', { dynamic: Object.keys(texts) })
    if (changed) listeners.tell(current)
  }
  async function follow(): Promise<void> {
    if (reading) return
    reading = true
    do {
      again = false
      await read().catch(error => log.warn('the stored options cannot be read', { error }))
    } while (again)
    reading = false
  }

  await read()
  const unwatch = store.watch(({ kind, name }) => {
    if (kind !== 'settings' || name !== DYNAMIC) return
    again = true
    void follow()
  })
  return { get current() { return current }, get dynamic() { return dynamic }, onChange: listeners.add, close: unwatch }
}
