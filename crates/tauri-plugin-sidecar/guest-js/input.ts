import { call } from './ipc.js'

/** For each sidecar whose input somebody waits for, the end of the last command. */
const last = new Map<string, Promise<void>>()

/**
 * Carries out commands for the input of a sidecar in the order in which they are given. Calls that overlap reach the
 * app by several threads, in any order.
 */
function inTurn(name: string, command: () => Promise<void>): Promise<void> {
  const before = last.get(name)
  const outcome = before ? before.then(command) : command()
  const end = outcome
    .catch(() => {})
    .then(() => {
      if (last.get(name) === end) last.delete(name)
    })
  last.set(name, end)
  return outcome
}

/** Writes bytes; a copy, as they may have to wait. */
export function write(name: string, data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data.slice()
  // Tauri sends a call once more when the page is left while it is open: what was written is not to be written again.
  const id = `${Date.now()}-${Math.random()}`
  return inTurn(name, () => call('write_stdin', bytes, { headers: { sidecar: name, 'sidecar-call': id } }))
}

/** Ends the input. */
export function close(name: string): Promise<void> {
  return inTurn(name, () => call('close_stdin', { name }))
}
