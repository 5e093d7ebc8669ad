import type { SidecarError } from './error.js'
import type { Stream } from './stream.js'
import { type IterateOptions, isMissed, type Missed } from './values.js'

/** Ends the calls of a listener, at once. Twice is once. */
export type Unlisten = () => void

/** How a listener is called. */
export type ListenOptions = {
  /** Ends the calls, as {@link Unlisten} does. Where it is aborted already, the listener is never called. */
  signal?: AbortSignal | undefined
  /**
   * Called once when there will be no more calls, unless you ended them: with `null` where the supervisor has ended, or
   * with what failed. Without it a failure is reported as an uncaught error (`window.onerror`).
   */
  onEnd?: ((error: SidecarError | null) => void) | undefined
}

/** What is done with a stream. */
type Work<W> = {
  /** Before anybody waits for the first batch. */
  begin?: () => Promise<void>
  /** With each batch, one after the other. */
  batch: (batch: W[]) => Promise<void> | void
}

/**
 * Opens a stream and works on it until somebody ends that. What fails before the first batch is waited for rejects;
 * later it goes to `onEnd`.
 */
export async function listen<W>(stream: Stream<W>, work: Work<W>, { signal, onEnd }: ListenOptions): Promise<Unlisten> {
  const unlisten = () => {
    signal?.removeEventListener('abort', unlisten)
    stream.close()
  }
  if (signal?.aborted) {
    unlisten()
    return unlisten
  }
  signal?.addEventListener('abort', unlisten)
  try {
    await stream.open()
    await work.begin?.()
  } catch (error) {
    const wanted = !stream.isClosed
    unlisten()
    if (wanted) throw error
    return unlisten
  }
  void pull(stream, work).then((error) => {
    if (stream.isClosed) return
    unlisten()
    if (onEnd) guarded(() => onEnd(error))
    else if (error) report(error)
  })
  return unlisten
}

/** Works on all batches. Gives what failed. */
async function pull<W>(stream: Stream<W>, work: Work<W>): Promise<SidecarError | null> {
  try {
    for (let batch = await stream.next(); batch !== null && !stream.isClosed; batch = await stream.next()) {
      await work.batch(batch)
    }
    return null
  } catch (error) {
    // Only commands fail here, listeners are guarded.
    return error as SidecarError
  }
}

/** Calls a listener with each value, in their order, until the stream is closed. */
export function each<W, T>(
  stream: Stream<W | Missed>,
  value: (entry: W) => T,
  listener: (value: T) => void,
  onMissed: IterateOptions['onMissed']
): Work<W | Missed> {
  const one = (entry: W | Missed) => {
    if (isMissed(entry)) onMissed?.(entry.missed)
    else return listener(value(entry))
  }
  return {
    batch(batch) {
      for (const entry of batch) {
        if (stream.isClosed) return
        guarded(() => one(entry))
      }
    }
  }
}

/** Calls what the page gave us. What it throws, or rejects with, is reported, and ends nothing. */
export function guarded(action: () => unknown): void {
  try {
    const outcome = action()
    if (outcome instanceof Promise) outcome.catch(report)
  } catch (error) {
    report(error)
  }
}

/** As if nobody had caught it. */
function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error)
  else console.error(error)
}
