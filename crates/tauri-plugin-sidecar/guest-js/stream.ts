import { call, opened } from './ipc.js'

/** What tells that the page came back; none where pages are rendered ahead. */
const listened = typeof addEventListener === 'function' ? globalThis : undefined

/**
 * Something of the supervisor's that comes in batches. It is opened when the first batch is asked for, and gives the next
 * one when that is asked for: a page that is slow is sent nothing, and lets nothing grow.
 *
 * Batches come over a channel, and asking for one is answered at once. A question that stays open until something happens
 * would be simpler, but webviews end requests that are open for long, and fall back to another way of calling when a page
 * is left meanwhile.
 */
export class Stream<T> {
  private id: Promise<number> | undefined
  private closed = false
  private ended = false
  /** Whether a batch was asked for and has not come. */
  private asked = false
  private readonly come: T[][] = []
  private wake: ((batch: T[] | null) => void) | undefined

  /** `command` opens it, and gives its number. */
  constructor(
    private readonly command: 'follow' | 'events',
    private args: Record<string, unknown>
  ) {}

  /** Whether somebody closed it here. */
  get isClosed(): boolean {
    return this.closed
  }

  /** Opens it, where it is not open; the first batch is then on its way as soon as there is one. */
  open(): Promise<number> {
    if (this.id === undefined) {
      this.asked = true
      this.id = opened<T[] | null>(this.command, this.args, (batch) => this.take(batch))
      listened?.addEventListener('pageshow', this.reopen)
    }
    return this.id
  }

  /**
   * Opens it once more: the page was left, which closes what it had open, and came back out of the browser's history. What
   * came meanwhile is missed, nobody knows how much.
   */
  private readonly reopen = (event: PageTransitionEvent) => {
    if (!event.persisted || this.closed || this.ended || this.id === undefined) return
    this.id = undefined
    // What it began with was given.
    this.args = { ...this.args, [this.command === 'follow' ? 'lines' : 'tail']: 0 }
    // Whoever waits looks again, and asks for more.
    this.take([{ missed: 0 } as T])
  }

  /** The next batch, as soon as there is one; `null` at the end, and when it is closed meanwhile. */
  next(): Promise<T[] | null> {
    if (this.closed) return Promise.resolve(null)
    return new Promise((resolve, reject) => {
      this.wake = resolve
      this.ask().catch(reject)
    })
  }

  /** Gives what has come, or asks for more. */
  private async ask(): Promise<void> {
    const id = await this.open()
    // It may have come before the stream's number.
    if (!this.wake) return
    const batch = this.come.shift()
    if (batch) this.answer(batch)
    else if (this.closed || this.ended) this.answer(null)
    else if (!this.asked) {
      this.asked = true
      // `false`: it was closed there, as by the app's end; unless it is another one by now.
      const gone = (await call<boolean>('next', { id })) === false
      if (gone && this.asked && (await this.id) === id) this.take(null)
    }
  }

  /** A batch has come, or the end. */
  private take(batch: T[] | null): void {
    this.asked = false
    if (batch === null) this.ended = true
    if (this.wake) this.answer(batch)
    else if (batch) this.come.push(batch)
  }

  private answer(batch: T[] | null): void {
    this.wake?.(batch)
    this.wake = undefined
  }

  /** Closes it on both sides; twice is once. */
  close(): void {
    if (this.closed) return
    this.closed = true
    listened?.removeEventListener('pageshow', this.reopen)
    // At once: it does not depend on the other side.
    this.answer(null)
    // One that could not be opened, or that the other side has closed, is closed.
    this.id?.then((id) => call('close', { id })).catch(() => {})
  }
}
