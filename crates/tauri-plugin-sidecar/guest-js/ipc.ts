import { Channel, invoke, type InvokeArgs, type InvokeOptions } from '@tauri-apps/api/core'

import { isSidecarError, SidecarError } from './error.js'
import { refusal } from './refusal.js'
import type { ErrorData } from './types.js'

/** Calls a command of the plugin; whatever it is rejected with becomes a {@link SidecarError}. */
export async function call<T>(command: string, args?: InvokeArgs, options?: InvokeOptions): Promise<T> {
  try {
    return await invoke<T>(`plugin:sidecar|${command}`, args, options)
  } catch (reason) {
    throw failure(command, reason)
  }
}

/** Calls a command that sends messages from now on, and gives what it returns. */
export async function opened<M>(
  command: string,
  args: Record<string, unknown>,
  onMessage: (message: M) => void
): Promise<number> {
  let channel
  try {
    channel = new Channel<M>(onMessage)
  } catch (reason) {
    throw failure(command, reason)
  }
  return call<number>(command, { ...args, channel })
}

function failure(command: string, reason: unknown): SidecarError {
  if (isSidecarError(reason)) return reason
  if (typeof reason === 'string') return refusal(command, reason)
  if (isData(reason)) return new SidecarError(reason)
  if (isOutside()) {
    return new SidecarError({
      code: 'tauri',
      message: 'this page is not in a window of the app',
      help: 'open it with `tauri dev`: a browser has no sidecars',
      facts: [],
      log: []
    })
  }
  return refusal(command, reason instanceof Error ? reason.message : String(reason))
}

function isData(reason: unknown): reason is ErrorData {
  return typeof reason === 'object' && reason !== null && 'code' in reason && 'facts' in reason
}

/** Whether Tauri did not load this page: in a browser, or where pages are rendered ahead. */
function isOutside(): boolean {
  return typeof window === 'undefined' || !('__TAURI_INTERNALS__' in window)
}
