import { abortable } from './abort.js'
import { lines as amount, limit } from './amount.js'
import * as events from './events.js'
import * as input from './input.js'
import { call } from './ipc.js'
import * as lines from './lines.js'
import type { ListenOptions, Unlisten } from './listen.js'
import * as status from './status.js'
import type { Line, SidecarEvent, Status, Usage } from './types.js'
import type { EventOptions, EventsOptions } from './events.js'
import type { LineOptions, LinesOptions } from './lines.js'

/** How long to wait for a sidecar. */
export type ReadyOptions = {
  /** In milliseconds. By default as long as its `run` table lets its starts take. */
  timeout?: number | undefined
  /** Ends the waiting, not the sidecar: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined
}

/**
 * A sidecar by its name in `sidecar.toml`. It can be made anywhere and thrown away: it holds nothing, and says nothing
 * to the app. Whether there is one of that name shows when it is used: `unknown-sidecar`, with the nearest name.
 *
 * @example
 * ```ts
 * import { sidecar } from 'tauri-plugin-sidecar-api'
 *
 * const pocketbase = sidecar('pocketbase')
 * const { url } = await pocketbase.ready()
 * const health = await fetch(`${url}/api/health`)
 * ```
 */
export function sidecar(name: string): Sidecar {
  return new Sidecar(name)
}

/**
 * A sidecar of the app; {@link sidecar} makes one.
 *
 * Its promises are rejected with a {@link SidecarError}: next to the codes that are named there may be
 * `unknown-sidecar`, `not-allowed` where no capability lets this window do it, and `supervisor-gone` when the app ends.
 * Where the order of commands matters, wait for one before the next; only for the input their order is kept.
 */
export class Sidecar {
  /** Its name. */
  readonly name: string

  /** As {@link sidecar}. */
  constructor(name: string) {
    this.name = name
  }

  /**
   * What can be seen of it now.
   *
   * Needs `sidecar:default`.
   */
  status(): Promise<Status> {
    return status.status(this.name)
  }

  /**
   * Waits until it is ready, and starts nothing: its `url` is then proved to be its own. At once where it is ready.
   *
   * Needs `sidecar:default`. Rejected with why it failed, with `not-running` where nobody starts it, with `timeout`
   * where you do not want to wait longer, and with the signal's reason where it is aborted.
   *
   * @example
   * ```ts
   * const { url } = await sidecar('pocketbase').ready({ timeout: 10_000 })
   * ```
   */
  async ready({ timeout, signal }: ReadyOptions = {}): Promise<Status> {
    const millis = limit(timeout)
    return abortable(() => call('ready', { name: this.name, timeout: millis }), signal)
  }

  /**
   * Starts it, after those that it depends on, and waits until it is ready; one that is ready is left as it is.
   *
   * Needs `sidecar:control`. Rejected when it is given up, restarts included, and with `cancelled` when somebody stops
   * it.
   */
  start(): Promise<Status> {
    return call('start', { name: this.name })
  }

  /**
   * Stops it, after those that depend on it, and waits until nothing of its process tree is left.
   *
   * Needs `sidecar:control`.
   */
  stop(): Promise<Status> {
    return call('stop', { name: this.name })
  }

  /**
   * Stops it, and starts it again; waits until it is ready.
   *
   * Needs `sidecar:control`. Rejected as {@link start}.
   */
  restart(): Promise<Status> {
    return call('restart', { name: this.name })
  }

  /**
   * The secret of its present launch, which it asks its clients for; `null` where it has none, or does not run. Each
   * launch may have another one.
   *
   * Needs `sidecar:allow-token`, which no set contains: whoever may run a script in this page has the secret.
   */
  token(): Promise<string | null> {
    return call('token', { name: this.name })
  }

  /**
   * What its whole process tree uses now: processor time in milliseconds, memory in bytes; `null` while it does not
   * run, or where the system does not tell.
   *
   * Needs `sidecar:default`.
   */
  usage(): Promise<Usage | null> {
    return call('usage', { name: this.name })
  }

  /**
   * The last lines that it wrote, of this run and those before, the oldest first; those that have not ended yet, such
   * as a prompt, come last.
   *
   * Needs `sidecar:output`.
   *
   * @param count so many at most; `Infinity` is all that are kept.
   */
  async tail(count = 100): Promise<Line[]> {
    return call('tail', { name: this.name, lines: amount(count) })
  }

  /**
   * The lines that it writes, over all of its runs, until the app ends. Leaving the loop in any way closes them.
   *
   * They begin when the first one is asked for. A loop that is slow holds the sidecar up by nothing: what the app no
   * longer keeps when it is asked for is told to `onMissed`.
   *
   * Needs `sidecar:output`.
   *
   * @example
   * ```ts
   * for await (const line of sidecar('llama-server').lines({ tail: 50 })) {
   *   console.log(line.stream, line.text)
   *   if (line.text.includes('model loaded')) break
   * }
   * ```
   */
  lines(options: LinesOptions = {}): AsyncIterableIterator<Line> {
    return lines.iterate(this.name, options)
  }

  /**
   * Calls `listener` with the lines that it writes, over all of its runs, in order. The promise is fulfilled when no
   * line can get lost any more. What the listener throws is reported, and ends nothing.
   *
   * Needs `sidecar:output`.
   *
   * @example In a component that is mounted, such as by React's strict mode, and unmounted at once
   * ```ts
   * useEffect(() => {
   *   const gone = new AbortController()
   *   sidecar('llama-server')
   *     .onLine((line) => setLines((lines) => [...lines.slice(-999), line]), { tail: 50, signal: gone.signal })
   *     .catch(setError)
   *   return () => gone.abort()
   * }, [])
   * ```
   */
  async onLine(listener: (line: Line) => void, options: LineOptions = {}): Promise<Unlisten> {
    return lines.hear(this.name, listener, options)
  }

  /**
   * What happens to it from now on, or with `tail` lately, until the app ends. Leaving the loop in any way closes it.
   *
   * It begins when the first event is asked for; where none may be missed, use {@link onEvent}. While the page is busy
   * the last 1024 events of all sidecars are kept, and the number of those that are gone is told to `onMissed`.
   *
   * Needs `sidecar:default`.
   */
  events(options: EventsOptions = {}): AsyncIterableIterator<SidecarEvent> {
    return events.iterate(this.name, options)
  }

  /**
   * Calls `listener` with what happens to it, in order. The promise is fulfilled when no event can get lost any more.
   *
   * Needs `sidecar:default`.
   *
   * @example
   * ```ts
   * const unlisten = await sidecar('pocketbase').onEvent((event) => {
   *   if (event.event === 'restart') toast(`starts again in ${event.after} ms: ${event.error.message}`)
   * })
   * ```
   */
  onEvent(listener: (event: SidecarEvent) => void, options: EventOptions = {}): Promise<Unlisten> {
    return events.hear(this.name, listener, options)
  }

  /**
   * Calls `listener` with its status: at once, and whenever it changed. Always the newest, never an older one after a
   * newer one; changes that follow each other fast may be one call. The promise is fulfilled after the first call.
   *
   * Needs `sidecar:default`.
   *
   * @example In a component that is mounted, such as by React's strict mode, and unmounted at once
   * ```ts
   * const [status, setStatus] = useState<Status>()
   * useEffect(() => {
   *   const gone = new AbortController()
   *   sidecar('pocketbase').onStatus(setStatus, { signal: gone.signal }).catch(setError)
   *   return () => gone.abort()
   * }, [])
   * ```
   */
  onStatus(listener: (status: Status) => void, options: ListenOptions = {}): Promise<Unlisten> {
    return status.hear(this.name, listener, options)
  }

  /**
   * Writes to its input: a text as UTF-8, without a line end of its own, or bytes. Fulfilled when they are written; a
   * sidecar that does not read lets it wait. Writes reach it in the order of the calls, also without waiting for each.
   *
   * Needs `sidecar:stdin`. Rejected with `not-running`, or with `stdin-closed` where it has no input or that has ended.
   *
   * @example
   * ```ts
   * await sidecar('worker').write(JSON.stringify(job) + '\n')
   * ```
   */
  write(data: string | Uint8Array): Promise<void> {
    return input.write(this.name, data)
  }

  /**
   * Ends its input, after all that was written before.
   *
   * Needs `sidecar:stdin`. Rejected as {@link write}.
   */
  closeStdin(): Promise<void> {
    return input.close(this.name)
  }
}
