import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import * as api from 'tauri-plugin-sidecar-api'
import { app, data, deferred, noApp, Refusal, settled, status } from './app.js'

afterEach(noApp)

const db = api.sidecar('db')

// The call, the command that reaches the app, its arguments, what the app answers.
const CALLS = [
  [() => db.status(), 'status', { name: 'db' }, status()],
  [() => db.ready(), 'ready', { name: 'db', timeout: undefined }, status()],
  [() => db.ready({ timeout: 1500.2 }), 'ready', { name: 'db', timeout: 1501 }, status()],
  [() => db.ready({ timeout: 0 }), 'ready', { name: 'db', timeout: 0 }, status()],
  [() => db.ready({ timeout: Infinity }), 'ready', { name: 'db', timeout: undefined }, status()],
  [() => db.start(), 'start', { name: 'db' }, status()],
  [() => db.stop(), 'stop', { name: 'db' }, status({ state: 'stopped' })],
  [() => db.restart(), 'restart', { name: 'db' }, status({ run: 2 })],
  [() => db.token(), 'token', { name: 'db' }, 'secret'],
  [() => db.usage(), 'usage', { name: 'db' }, { cpu: 1, memory: 2, processes: 3 }],
  [() => db.usage(), 'usage', { name: 'db' }, null],
  [() => db.tail(), 'tail', { name: 'db', lines: 100 }, []],
  [() => db.tail(3), 'tail', { name: 'db', lines: 3 }, []],
  [() => db.tail(Infinity), 'tail', { name: 'db', lines: 0xffff_ffff }, []],
  [() => db.closeStdin(), 'close_stdin', { name: 'db' }, null],
  [() => api.list(), 'list', {}, [status()]],
  [() => api.containment(), 'containment', {}, { scope: 'whole-tree', reason: null }],
  [() => api.startAll(), 'start_all', {}, undefined],
  [() => api.stopAll(), 'stop_all', {}, undefined],
  [() => api.prepareForUpdate(), 'prepare_for_update', {}, undefined],
  [() => api.resume(), 'resume', {}, undefined]
]

for (const [call, command, args, answer] of CALLS) {
  test(`${String(call).slice(6)} asks for ${command}`, async () => {
    const { calls } = app({ [command]: answer })
    assert.deepEqual(await call(), answer)
    assert.deepEqual(calls, [{ command: `plugin:sidecar|${command}`, name: command, args, options: undefined }])
  })
}

test('a sidecar is a name and nothing more', () => {
  const { calls } = app()
  assert.equal(api.sidecar('nobody').name, 'nobody')
  assert.deepEqual(calls, [])
})

test('what is no number of lines or no time is refused before the app is asked', async () => {
  const { calls } = app()
  for (const count of [-1, 1.5, NaN]) {
    await assert.rejects(db.tail(count), RangeError)
    await assert.rejects(db.onLine(() => {}, { tail: count }), RangeError)
    assert.throws(() => db.lines({ tail: count }), RangeError)
  }
  for (const timeout of [-1, NaN, -Infinity, 1e300]) await assert.rejects(db.ready({ timeout }), RangeError)
  assert.deepEqual(calls, [])
})

test('ready() is left by its signal, and nobody hears of the rest', async () => {
  const answer = deferred()
  app({ ready: () => answer.promise })
  const leave = new AbortController()
  const ready = db.ready({ signal: leave.signal })
  leave.abort(new Error('enough'))
  await assert.rejects(ready, /enough/)
  answer.resolve(new Refusal(data('exited-early')))
  await settled()
})

test('ready() with a signal that was aborted before asks nobody', async () => {
  const { calls } = app()
  await assert.rejects(db.ready({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.deepEqual(calls, [])
})

test('ready() leaves no listener at a signal that stays', async () => {
  app({ ready: status() })
  const signal = new AbortController().signal
  let listeners = 0
  const [add, remove] = [signal.addEventListener, signal.removeEventListener]
  signal.addEventListener = (...args) => ((listeners += 1), add.apply(signal, args))
  signal.removeEventListener = (...args) => ((listeners -= 1), remove.apply(signal, args))
  assert.equal((await db.ready({ signal })).url, 'http://127.0.0.1:8090')
  await settled()
  assert.equal(listeners, 0)
})

test('a text is written as UTF-8, and the header names the sidecar', async () => {
  const { calls } = app()
  await db.write('grün\n')
  assert.deepEqual(calls[0].args, new TextEncoder().encode('grün\n'))
  const { sidecar: name, 'sidecar-call': first } = calls[0].options.headers
  assert.equal(name, 'db')
  await db.write('again')
  assert.notEqual(calls[1].options.headers['sidecar-call'], first)
})

test('bytes are written as they are, and copied', async () => {
  const { calls } = app()
  const bytes = new Uint8Array([0, 1, 2, 255, 4]).subarray(1, 4)
  const [first, second] = [db.write(bytes), db.write(bytes)]
  bytes.fill(9)
  await Promise.all([first, second])
  for (const { args } of calls) assert.deepEqual([...args], [1, 2, 255])
})

test('writes that nobody waits for keep their order, and the end of the input comes last', async () => {
  const gates = [deferred(), deferred()]
  const waiting = [...gates]
  const { calls } = app({ write_stdin: () => waiting.shift()?.promise })
  const done = []
  const all = [db.write('a'), db.write('b'), db.closeStdin(), api.sidecar('db').write('c')]
  all.forEach((promise, index) => promise.then(() => done.push(index)))
  await settled()
  assert.equal(calls.length, 1)
  gates[0].resolve()
  await settled()
  assert.deepEqual([calls.length, done], [2, [0]])
  gates[1].resolve()
  await Promise.all(all)
  assert.deepEqual(calls.map((call) => call.name), ['write_stdin', 'write_stdin', 'close_stdin', 'write_stdin'])
  assert.deepEqual(done, [0, 1, 2, 3])
})

test('a write does not wait for another sidecar, nor fail with the one before', async () => {
  const gate = deferred()
  const answers = [gate.promise]
  const { calls } = app({ write_stdin: () => answers.shift() })
  const failing = db.write('a')
  const next = db.write('b')
  await api.sidecar('web').write('c')
  assert.equal(calls.length, 2)
  gate.resolve(new Refusal(data('not-running')))
  await assert.rejects(failing, { code: 'not-running' })
  await next
})
