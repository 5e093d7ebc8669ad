// An app that answers like the plugin, in this process.
import assert from 'node:assert/strict'

import { mockIPC } from '@tauri-apps/api/mocks'

/** A promise, with the functions that settle it. */
export function deferred() {
  let settle
  const promise = new Promise((resolve, reject) => (settle = { resolve, reject }))
  return { promise, ...settle }
}

/** Lets everything happen that waits for nothing but promises. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What a page could follow: the first batch is sent unasked, each other one when it is asked for. */
class Source {
  batches = []
  asked = 1
  closed = 0

  constructor(channel) {
    this.channel = channel
  }

  /** Has a batch, or `null` for the end; or an error, for who asks next. */
  give(batch) {
    this.batches.push(batch)
    this.serve()
  }

  next() {
    if (this.batches[0] instanceof Refusal) throw this.batches.shift().reason
    assert.equal(this.asked, 0, 'a batch is asked for once')
    this.asked += 1
    this.serve()
  }

  close() {
    this.closed += 1
  }

  serve() {
    while (this.asked > 0 && this.batches.length > 0 && !(this.batches[0] instanceof Refusal)) {
      const batch = this.batches.shift()
      this.asked -= 1
      // Over another way than answers.
      if (this.closed === 0) queueMicrotask(() => this.channel.onmessage(batch))
    }
  }
}

/** What a command or a batch is rejected with. */
export class Refusal {
  constructor(reason) {
    this.reason = reason
  }
}

/**
 * Puts an app behind this page. `commands` says how a command is answered: a function of its arguments, or the answer.
 * Gives the `calls` that were made, and the `sources` that were opened, by their number.
 */
export function app(commands = {}) {
  globalThis.window = globalThis
  const calls = []
  const sources = []
  const open = ({ channel }) => sources.push(new Source(channel)) - 1
  const all = {
    follow: open,
    events: open,
    next: ({ id }) => sources[id]?.next(),
    close: ({ id }) => sources[id]?.close(),
    ...commands
  }
  mockIPC(() => {})
  // The mock does not pass on the options.
  window.__TAURI_INTERNALS__.invoke = async (command, args, options) => {
    const name = command.replace(/^plugin:sidecar\|/, '')
    calls.push({ command, name, args: withoutChannel(args), options })
    const answer = typeof all[name] === 'function' ? await all[name](args, options) : all[name]
    if (answer instanceof Refusal) throw answer.reason
    return answer ?? null
  }
  return { calls, sources, named: (name) => calls.filter((call) => call.name === name) }
}

/** What a test compares: a channel is another one each time. */
function withoutChannel(args) {
  if (!args?.channel) return args
  const { channel, ...rest } = args
  return rest
}

/** Takes the app away again: the page is in a browser. */
export function noApp() {
  delete globalThis.__TAURI_INTERNALS__
  delete globalThis.__TAURI_EVENT_PLUGIN_INTERNALS__
  delete globalThis.window
}

/** What is reported as uncaught while `action` runs. */
export async function reported(action) {
  const errors = []
  globalThis.reportError = (error) => errors.push(error)
  try {
    await action()
    await settled()
  } finally {
    delete globalThis.reportError
  }
  return errors
}

export const line = (seq, text = `line ${seq}`) => ({
  line: { seq, stream: 'stdout', text, cut: false, open: false, at: 1_700_000_000_000 + seq }
})

export const state = (state, run = 1) => ({ event: { sidecar: 'db', run, at: 1, event: 'state', state } })

export const status = (more = {}) => ({
  name: 'db',
  state: 'running',
  since: 1_700_000_000_000,
  run: 1,
  restarts: 0,
  pid: 7,
  address: '127.0.0.1:8090',
  url: 'http://127.0.0.1:8090',
  error: null,
  ...more
})

export const data = (code, message = `it is ${code}`) => ({ code, message, help: null, facts: [], log: [] })
