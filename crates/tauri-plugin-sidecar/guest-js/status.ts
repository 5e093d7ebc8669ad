import * as events from './events.js'
import { call } from './ipc.js'
import { guarded, listen, type ListenOptions, type Unlisten } from './listen.js'
import type { Status } from './types.js'

/** What can be seen of a sidecar now. */
export function status(name: string): Promise<Status> {
  return call('status', { name })
}

/**
 * Events only say when to look: the status is asked for once for each batch of them, and one question waits for the
 * other. So it is always the newest, in order, and whole, however many events were missed.
 */
export function hear(
  name: string,
  listener: (status: Status) => void,
  options: ListenOptions
): Promise<Unlisten> {
  const told = events.stream(name)
  let shown = ''
  const look = async () => {
    const now = await status(name)
    const text = JSON.stringify(now)
    if (told.isClosed || text === shown) return
    shown = text
    guarded(() => listener(now))
  }
  return listen(told, { begin: look, batch: look }, options)
}
