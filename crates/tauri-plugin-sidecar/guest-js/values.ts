import { reason } from './abort.js'
import type { Stream } from './stream.js'

/** An entry of a stream that says how many were missed. */
export type Missed = { missed: number }

/** How a `for await` loop goes over a stream. */
export type IterateOptions = {
  /** Ends the loop: it throws the signal's reason, and the stream is closed. */
  signal?: AbortSignal | undefined
  /**
   * Called in its place between the others with the number of those that came while the page was busy, and are gone; with
   * 0 where nobody knows how many, as the page was away in the browser's history.
   * By default they are passed over.
   */
  onMissed?: ((count: number) => void) | undefined
}

/** The values of a stream, one by one, in their order. The stream is closed however the loop is left. */
export function values<W, T>(
  stream: Stream<W | Missed>,
  value: (entry: W) => T,
  options: IterateOptions
): AsyncIterableIterator<T> {
  const generator = generate(stream, value, options)
  const leave = generator.return.bind(generator)
  // A generator that waits for its next value does not hear that it is to end.
  generator.return = (result) => {
    stream.close()
    return leave(result)
  }
  return generator
}

async function* generate<W, T>(
  stream: Stream<W | Missed>,
  value: (entry: W) => T,
  { signal, onMissed }: IterateOptions
): AsyncGenerator<T, void, undefined> {
  const abort = () => stream.close()
  try {
    signal?.addEventListener('abort', abort)
    if (signal?.aborted) throw reason(signal)
    for (let batch = await stream.next(); batch !== null && !stream.isClosed; batch = await stream.next()) {
      for (const entry of batch) {
        if (isMissed(entry)) onMissed?.(entry.missed)
        else yield value(entry)
        if (signal?.aborted) throw reason(signal)
      }
    }
    if (signal?.aborted) throw reason(signal)
  } finally {
    signal?.removeEventListener('abort', abort)
    stream.close()
  }
}

/** Whether an entry says how many were missed. */
export function isMissed<W>(entry: W | Missed): entry is Missed {
  return typeof entry === 'object' && entry !== null && 'missed' in entry
}
