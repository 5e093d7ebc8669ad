import { each, listen, type ListenOptions, type Unlisten } from './listen.js'
import { Stream } from './stream.js'
import type { SidecarEvent, Told } from './types.js'
import { values, type IterateOptions, type Missed } from './values.js'

/** Events of one sidecar, or of all that this window may name. */
export function stream(name?: string): Stream<Told> {
  return new Stream('events', { name })
}

/**
 * What happens to every sidecar that a capability lets this window name, as {@link Sidecar.events} of one.
 *
 * Needs `sidecar:default`.
 */
export function events(options: IterateOptions = {}): AsyncIterableIterator<SidecarEvent> {
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
export type EventOptions = ListenOptions & Pick<IterateOptions, 'onMissed'>

export function iterate(name: string | undefined, options: IterateOptions): AsyncIterableIterator<SidecarEvent> {
  return values(stream(name), event, options)
}

export function hear(
  name: string | undefined,
  listener: (event: SidecarEvent) => void,
  options: EventOptions
): Promise<Unlisten> {
  const told = stream(name)
  return listen(told, each(told, event, listener, options.onMissed), options)
}

function event(told: Exclude<Told, Missed>): SidecarEvent {
  return told.event
}
