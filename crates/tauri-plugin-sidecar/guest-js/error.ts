import type { ErrorData, SupervisorCode } from './types.js'

/**
 * What went wrong, to match on: the supervisor's codes, and
 *
 * - `not-allowed`: a capability does not let this window do it, or not with this sidecar;
 * - `bad-input`: the call is not as this package makes it;
 * - `tauri`: Tauri itself refused, such as where the app has no sidecar plugin, or where the page is not in an app.
 *
 * New codes may be added in any release.
 */
export type ErrorCode = SupervisorCode | 'not-allowed' | 'bad-input' | 'tauri'

/**
 * Why something failed, with the facts and the next step.
 *
 * `message` is the headline. `String(error)` is all of it: the headline, aligned facts, the last lines that the sidecar
 * wrote behind `|`, and one `help:` line where a next step is known.
 *
 * @example What a status tells is data; as text it is
 * ```ts
 * if (status.error) console.error(String(new SidecarError(status.error)))
 * ```
 */
export class SidecarError extends Error {
  /** What went wrong, to match on. */
  readonly code: ErrorCode
  /** The one step that can be done now, where one is known. */
  readonly help: string | null
  /** Pairs of a key and a value, in the order in which they are shown. */
  readonly facts: ReadonlyArray<readonly [key: string, value: string]>
  /** The last lines that the sidecar wrote, where they may tell why. */
  readonly log: readonly string[]

  constructor(data: Omit<ErrorData, 'code'> & { code: ErrorCode }) {
    super(data.message)
    this.name = 'SidecarError'
    this.code = data.code
    this.help = data.help
    this.facts = data.facts
    this.log = data.log
  }

  /** All of it, in several lines. */
  override toString(): string {
    const width = Math.max(0, ...this.facts.map(([key]) => key.length))
    const lines = [this.message]
    lines.push(...this.facts.map(([key, value]) => `  ${key.padEnd(width)}  ${value}`))
    lines.push(...this.log.map((line) => `  | ${line}`))
    if (this.help !== null) lines.push(`help: ${this.help}`)
    return lines.join('\n')
  }
}

/**
 * Whether something that was thrown is a {@link SidecarError}, also one of another copy of this package: a bundle may
 * hold it as a module and as CommonJS.
 *
 * @example
 * ```ts
 * try {
 *   await sidecar('pocketbase').start()
 * } catch (error) {
 *   if (!isSidecarError(error) || error.code !== 'port-taken') throw error
 *   showPortDialog(error.message)
 * }
 * ```
 */
export function isSidecarError(error: unknown): error is SidecarError {
  return error instanceof Error && error.name === 'SidecarError' && 'code' in error && 'facts' in error
}
