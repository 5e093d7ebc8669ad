/** Why a signal was aborted. Webviews that are older than `AbortSignal.reason` do not keep what `abort` was given. */
export function reason(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException('The operation was aborted.', 'AbortError')
}

/** What `begin` gives, or a rejection as soon as the signal is aborted; then nobody hears of the rest. */
export function abortable<T>(begin: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return begin()
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(reason(signal))
      return
    }
    const abort = () => reject(reason(signal))
    signal.addEventListener('abort', abort)
    begin()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}
