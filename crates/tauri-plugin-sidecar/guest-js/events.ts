import { lines as amount } from './amount.js'
import { each, listen, type ListenOptions, type Unlisten } from './listen.js'
import { Stream } from './stream.js'
import type { SidecarEvent, Told } from './types.js'
import { values, type IterateOptions, type Missed } from './values.js'

/** Where events begin. */
type Tail = {
  /**
   * Begins with so many of those that were told before, `Infinity` being all that are kept: the last 256 of all sidecars.
   * 0 by default: with what happens now.
   */
  tail?: number | undefined
}

/** How a `for await` loop goes over events. */
export type EventsOptions = IterateOptions & Tail

/** Events of one sidecar, or of all that this window may name. */
export function stream(name?: string, { tail = 0 }: Tail = {}): Stream<Told> {
  return new Stream('events', { name, tail: amount(tail) })
}

/**
 * What happens to every sidecar that a capability lets this window name, as {@link Sidecar.events} of one.
 *
 * Needs `sidecar:default`.
 */
export function events(options: EventsOptions = {}): AsyncIterableIterator<SidecarEvent> {
  return iterate(undefined, options)
}

/**
 * Calls `listener` with what happens to every sidecar that a capability lets this window name, as
 * {@link Sidecar.onEvent} of one.
 *
 * Needs `sidecar:default`.
 */
export function onEvent(
  listener: (event: SidecarEvent) => void,
  options: EventOptions = {}
): Promise<Unlisten> {
  return hear(undefined, listener, options)
}

/** How a listener for events is called. */
export type EventOptions = ListenOptions & Pick<IterateOptions, 'onMissed'> & Tail

export function iterate(name: string | undefined, options: EventsOptions): AsyncIterableIterator<SidecarEvent> {
  return values(stream(name, options), event, options)
}

export function hear(
  name: string | undefined,
  listener: (event: SidecarEvent) => void,
  options: EventOptions
): Promise<Unlisten> {
  const told = stream(name, options)
  return listen(told, each(told, event, listener, options.onMissed), options)
}

function event(told: Exclude<Told, Missed>): SidecarEvent {
  return told.event
}
