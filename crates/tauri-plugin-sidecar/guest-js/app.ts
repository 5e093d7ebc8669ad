import { call } from './ipc.js'
import type { Status } from './types.js'

/**
 * How much of a sidecar's process tree ends with the app, however the app ends:
 *
 * - `whole-tree`: all of it, also processes that left their session or their parent;
 * - `followed`: all of it that was seen; what is forked and left alone too fast may escape (macOS, experimental);
 * - `leader`: its first process alone; the rest ends when the app starts again;
 * - `nothing`: there are no keepers on this system, or `init_keeper()` was not called where it has to be.
 */
export type ContainmentScope = 'whole-tree' | 'followed' | 'leader' | 'nothing'

/**
 * What can be seen now of every sidecar that a capability lets this window name, in the order of their names.
 *
 * Needs `sidecar:default`.
 */
export function list(): Promise<Status[]> {
  return call('list')
}

/**
 * Starts every sidecar that serves something, each after those that it depends on, and waits until all are ready.
 *
 * Needs `sidecar:control`, for all of them: `not-allowed` where a capability leaves one out. Rejected with the first
 * that is given up.
 */
export async function startAll(): Promise<void> {
  await call('start_all')
}

/**
 * Stops every sidecar, each after those that depend on it, and waits until nothing of any of them runs.
 *
 * Needs `sidecar:control`, for all of them.
 */
export async function stopAll(): Promise<void> {
  await call('stop_all')
}

/**
 * Stops every sidecar, and lets none be started until {@link resume}: the app's files are about to be replaced.
 * Fulfilled when nothing runs and, on Windows, when the programs' files are free. Starts are rejected with `updating`
 * meanwhile.
 *
 * Needs `sidecar:update`, for all of them.
 *
 * @example With tauri-plugin-updater
 * ```ts
 * await update.download()
 * await prepareForUpdate()
 * try {
 *   await update.install()
 * } catch (error) {
 *   await resume()
 *   await startAll()
 *   throw error
 * }
 * ```
 */
export async function prepareForUpdate(): Promise<void> {
  await call('prepare_for_update')
}

/**
 * Lets sidecars be started again, where the update was given up. It starts none.
 *
 * Needs `sidecar:update`, for all of them.
 */
export async function resume(): Promise<void> {
  await call('resume')
}

/** What ends with the app, and why it is not more. */
export type Containment = { scope: ContainmentScope; reason: string | null }

/**
 * How much of a sidecar's process tree ends with the app.
 *
 * Needs `sidecar:default`.
 */
export function containment(): Promise<Containment> {
  return call('containment')
}
