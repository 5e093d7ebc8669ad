/**
 * The sidecars of a Tauri app: the JavaScript side of tauri-plugin-sidecar.
 *
 * @example
 * ```ts
 * import { sidecar } from 'tauri-plugin-sidecar-api'
 *
 * const { url } = await sidecar('pocketbase').ready()
 * ```
 *
 * @packageDocumentation
 */
export {
  containment,
  list,
  prepareForUpdate,
  resume,
  startAll,
  stopAll,
  type Containment,
  type ContainmentScope
} from './app.js'
export { isSidecarError, SidecarError, type ErrorCode } from './error.js'
export { events, onEvent, type EventOptions, type EventsOptions } from './events.js'
export type { LineOptions, LinesOptions } from './lines.js'
export type { ListenOptions, Unlisten } from './listen.js'
export { Sidecar, sidecar, type ReadyOptions } from './sidecar.js'
export type {
  Blocker,
  ErrorData,
  Exit,
  ExitReason,
  Happened,
  Line,
  OutputStream,
  SidecarEvent,
  State,
  Status,
  SupervisorCode,
  Usage
} from './types.js'
export type { IterateOptions } from './values.js'
