// Compiled, never run: what callers may write, and what they may not.
import {
  containment,
  isSidecarError,
  list,
  onEvent,
  sidecar,
  SidecarError,
  type Containment,
  type ErrorCode,
  type Line,
  type SidecarEvent,
  type State,
  type Status,
  type SupervisorCode,
  type Unlisten
} from 'tauri-plugin-sidecar-api'

const db = sidecar('db')

export async function commands(): Promise<void> {
  const { url }: Status = await db.ready({ timeout: 1_000, signal: new AbortController().signal })
  // @ts-expect-error: one without a port has no address
  url.length
  // @ts-expect-error: a name does not change
  db.name = 'web'
  // @ts-expect-error: a signal is no controller
  await db.ready({ signal: new AbortController() })
  await db.write(new Uint8Array([1]))
  // @ts-expect-error: objects have no bytes
  await db.write({ id: 1 })
  // @ts-expect-error: null while it does not run
  ;(await db.usage()).memory
  const statuses: Status[] = await list()
  const { scope }: Containment = await containment()
  // @ts-expect-error: no such scope
  scope === 'none'
  statuses satisfies readonly Status[]
}

export async function streams(): Promise<void> {
  for await (const line of db.lines({ tail: 1, onMissed: (count) => count.toFixed() })) line satisfies Line
  for await (const event of db.events()) event satisfies SidecarEvent
  for await (const event of db.events({ tail: 1 })) event.at.toFixed()
  // @ts-expect-error: a number of them
  db.events({ tail: 'all' })
  const unlisten: Unlisten = await db.onLine((line) => line.text.length, { onEnd: (error) => error?.code })
  unlisten()
  await db.onStatus(async (status) => status.state satisfies State)
  // @ts-expect-error: a status cannot be missed
  await db.onStatus(() => {}, { onMissed: () => {} })
  await onEvent((event) => {
    if (event.event === 'exited') event.exit.signal satisfies string | null
    if (event.event === 'restart') event.error.code satisfies SupervisorCode
    // @ts-expect-error: not every event has a state
    event.state
    // @ts-expect-error: no such event
    event.event === 'started'
  })
}

export function errors(thrown: unknown, status: Status): ErrorCode {
  if (status.error) return new SidecarError(status.error).code
  // @ts-expect-error: it may be anything
  thrown.code
  if (!isSidecarError(thrown)) return 'tauri'
  // @ts-expect-error: no such code
  if (thrown.code === 'no-such-code') return 'io'
  for (const [key, value] of thrown.facts) key.concat(value)
  return thrown.code
}
