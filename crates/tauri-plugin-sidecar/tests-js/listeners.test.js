import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { onEvent, sidecar } from 'tauri-plugin-sidecar-api'
import { app, data, deferred, line, noApp, Refusal, reported, settled, state, status } from './app.js'

afterEach(noApp)

const db = sidecar('db')

test('lines are heard in their order, from when the promise is fulfilled', async () => {
  const { calls, sources } = app()
  const seen = []
  await db.onLine(({ seq }) => seen.push(seq), { tail: 2, onMissed: (count) => seen.push(`${count} missed`) })
  assert.deepEqual(calls[0].args, { name: 'db', lines: 2 })
  sources[0].give([line(1), { missed: 7 }])
  sources[0].give([line(9)])
  await settled()
  assert.deepEqual(seen, [1, '7 missed', 9])
})

test('a listener that throws or rejects is reported, and hears on', async () => {
  const { sources } = app()
  const seen = []
  const errors = await reported(async () => {
    await db.onLine(({ seq }) => {
      seen.push(seq)
      if (seq === 1) throw new Error('thrown')
      if (seq === 2) return Promise.reject(new Error('rejected'))
    })
    sources[0].give([line(1), line(2), line(3)])
    await settled()
    sources[0].give([line(4)])
  })
  assert.deepEqual(seen, [1, 2, 3, 4])
  assert.deepEqual(errors.map((error) => error.message), ['thrown', 'rejected'])
})

test('unlisten ends the calls in the middle of a batch, and twice is once', async () => {
  const { sources } = app()
  const seen = []
  const unlisten = await db.onLine(({ seq }) => {
    seen.push(seq)
    if (seq === 2) unlisten()
  })
  sources[0].give([line(1), line(2), line(3)])
  sources[0].give([line(4)])
  await settled()
  unlisten()
  await settled()
  assert.deepEqual(seen, [1, 2])
  assert.equal(sources[0].closed, 1)
})

test('a signal ends the calls, and does not reject', async () => {
  const { sources } = app()
  const leave = new AbortController()
  const seen = []
  await onEvent((event) => seen.push(event.state), { signal: leave.signal })
  sources[0].give([state('starting')])
  await settled()
  leave.abort()
  sources[0].give([state('running')])
  await settled()
  assert.deepEqual([seen, sources[0].closed], [['starting'], 1])
})

test('a signal that is aborted before or meanwhile leaves nothing open', async () => {
  const { calls } = app()
  await db.onLine(assert.fail, { signal: AbortSignal.abort() })
  assert.deepEqual(calls, [])

  for (const answer of [4, new Refusal(data('io'))]) {
    const opening = deferred()
    const { named } = app({ follow: () => opening.promise, close: null, next: null })
    const leave = new AbortController()
    const listening = db.onLine(assert.fail, { signal: leave.signal, onEnd: assert.fail })
    leave.abort()
    opening.resolve(answer)
    await listening
    await settled()
    assert.equal(named('close').length, answer === 4 ? 1 : 0)
  }
})

test('a component that is mounted twice has one stream, and one that is gone has none', async () => {
  const { sources } = app({ status: status() })
  const shown = []
  const mount = (name) => {
    const gone = new AbortController()
    db.onStatus(() => shown.push(name), { signal: gone.signal }).catch(assert.fail)
    return () => gone.abort()
  }
  mount('first')()
  const unmount = mount('second')
  await settled()
  assert.deepEqual(shown, ['second'])
  assert.equal(sources.filter((source) => source.closed === 0).length, 1)
  unmount()
  await settled()
  assert(sources.every((source) => source.closed === 1))
})

test('what cannot be opened rejects', async () => {
  app({ events: new Refusal(data('not-allowed')) })
  const errors = await reported(() => assert.rejects(db.onEvent(assert.fail), { code: 'not-allowed' }))
  assert.deepEqual(errors, [])
})

test('the end of the app is told once, as no error', async () => {
  const { sources } = app()
  const ends = []
  const unlisten = await db.onEvent(() => {}, { onEnd: (error) => ends.push(error) })
  sources[0].give(null)
  await settled()
  unlisten()
  await settled()
  assert.deepEqual(ends, [null])
})

test('a failure goes to onEnd, or is reported, and nobody is told of an end that he made', async () => {
  const { sources } = app()
  const ends = []
  const errors = await reported(async () => {
    await db.onLine(() => {}, { onEnd: (error) => ends.push(error.code) })
    await db.onLine(() => {})
    const unlisten = await db.onLine(() => {}, { onEnd: assert.fail })
    unlisten()
    for (const [source, code] of [[0, 'io'], [1, 'timeout']]) {
      sources[source].give([line(1)])
      sources[source].give(new Refusal(data(code)))
    }
  })
  assert.deepEqual([ends, errors.map((error) => error.code)], [['io'], ['timeout']])
  assert(sources.every((source) => source.closed === 1))
})

test('without reportError what is thrown goes to the console', async (t) => {
  const { sources } = app()
  const logged = t.mock.method(console, 'error', () => {})
  await db.onLine(() => {
    throw new Error('thrown')
  })
  sources[0].give([line(1)])
  await settled()
  assert.match(logged.mock.calls[0].arguments[0].message, /thrown/)
})

test('a listener leaves nothing at a signal that stays', async () => {
  app()
  const signal = new AbortController().signal
  let listeners = 0
  const [add, remove] = [signal.addEventListener, signal.removeEventListener]
  signal.addEventListener = (...args) => ((listeners += 1), add.apply(signal, args))
  signal.removeEventListener = (...args) => ((listeners -= 1), remove.apply(signal, args))
  const unlisten = await db.onLine(() => {}, { signal })
  assert.equal(listeners, 1)
  unlisten()
  assert.equal(listeners, 0)
})

test('a status is told at once, when it changed, and not when it did not', async () => {
  let now = status({ state: 'starting', url: null })
  const { calls, sources } = app({ status: () => now })
  const seen = []
  await db.onStatus((status) => seen.push(status.state))
  assert.deepEqual(seen, ['starting'])
  assert.deepEqual(calls.slice(0, 2).map((call) => [call.name, call.args]), [
    ['events', { name: 'db', tail: 0 }],
    ['status', { name: 'db' }]
  ])
  sources[0].give([state('starting')])
  await settled()
  now = status()
  sources[0].give([state('running')])
  await settled()
  assert.deepEqual(seen, ['starting', 'running'])
})

test('a status is asked for once for a batch, one question after the other, and after missed events', async () => {
  const answers = [deferred(), deferred(), deferred()]
  const waiting = [...answers]
  const { named, sources } = app({ status: () => waiting.shift().promise })
  const seen = []
  const listening = db.onStatus((status) => seen.push(status.run))
  await settled()
  sources[0].give([state('starting'), state('running'), state('stopping')])
  sources[0].give([{ missed: 900 }])
  await settled()
  assert.equal(named('status').length, 1)
  answers[0].resolve(status({ run: 1 }))
  await listening
  await settled()
  assert.equal(named('status').length, 2)
  answers[1].resolve(status({ run: 2 }))
  await settled()
  assert.equal(named('status').length, 3)
  answers[2].resolve(status({ run: 3 }))
  await settled()
  assert.deepEqual(seen, [1, 2, 3])
})

test('a status that comes after unlisten is not told', async () => {
  const late = deferred()
  const answers = [status(), late.promise]
  const { sources } = app({ status: () => answers.shift() })
  const seen = []
  const unlisten = await db.onStatus((status) => seen.push(status.run))
  sources[0].give([state('running', 2)])
  await settled()
  unlisten()
  late.resolve(status({ run: 2 }))
  await settled()
  assert.deepEqual(seen, [1])
})

test('a status of nobody rejects, and leaves nothing open', async () => {
  const { sources } = app({ status: new Refusal(data('unknown-sidecar')) })
  await assert.rejects(db.onStatus(assert.fail), { code: 'unknown-sidecar' })
  await settled()
  assert.equal(sources[0].closed, 1)
})
