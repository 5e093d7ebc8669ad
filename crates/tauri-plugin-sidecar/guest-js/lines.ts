import { lines as amount } from './amount.js'
import { each, listen, type ListenOptions, type Unlisten } from './listen.js'
import { Stream } from './stream.js'
import type { Entry, Line } from './types.js'
import { values, type IterateOptions, type Missed } from './values.js'

/** Where lines begin. */
type Tail = {
  /** Begins with so many of the last lines that are kept, `Infinity` being all; 0 by default: with what comes now. */
  tail?: number | undefined
}

/** How a `for await` loop goes over lines. */
export type LinesOptions = IterateOptions & Tail

/** How a listener for lines is called. */
export type LineOptions = ListenOptions & Pick<IterateOptions, 'onMissed'> & Tail

export function iterate(name: string, options: LinesOptions): AsyncIterableIterator<Line> {
  return values(stream(name, options), line, options)
}

export function hear(name: string, listener: (line: Line) => void, options: LineOptions): Promise<Unlisten> {
  const entries = stream(name, options)
  return listen(entries, each(entries, line, listener, options.onMissed), options)
}

function stream(name: string, { tail = 0 }: Tail): Stream<Entry> {
  return new Stream('follow', { name, lines: amount(tail) })
}

function line(entry: Exclude<Entry, Missed>): Line {
  return entry.line
}
