import { call } from './ipc.js'

/**
 * Something of the supervisor's that is pulled in batches. It is opened when the first batch is asked for; while nobody
 * asks nothing is sent and nothing grows.
 */
export class Stream<T> {
  private readonly begin: () => Promise<number>
  private id: Promise<number> | undefined
  private closed = false
  private wake: (() => void) | undefined

  /** `command` opens it, and gives its number. */
  constructor(command: 'follow' | 'events', args: Record<string, unknown>) {
    this.begin = () => call<number>(command, args)
  }

  /** Whether somebody closed it here. */
  get isClosed(): boolean {
    return this.closed
  }

  /** Opens it, where it is not open. */
  open(): Promise<number> {
    this.id ??= this.begin()
    return this.id
  }

  /** The next batch, as soon as there is one; `null` at the end, and when it is closed meanwhile. */
  next(): Promise<T[] | null> {
    if (this.closed) return Promise.resolve(null)
    return new Promise((resolve, reject) => {
      // Closing answers at once: it does not depend on the other side.
      this.wake = () => resolve(null)
      this.open()
        .then((id) => (this.closed ? null : call<T[] | null>('next', { id })))
        .then(resolve, reject)
    })
  }

  /** Closes it on both sides; twice is once. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.wake?.()
    // One that could not be opened, or that the other side has closed, is closed.
    this.id?.then((id) => call('close', { id })).catch(() => {})
  }
}
