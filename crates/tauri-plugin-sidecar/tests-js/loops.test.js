import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { events, sidecar } from 'tauri-plugin-sidecar-api'
import { Stream } from '../dist-js/stream.js'
import { app, data, deferred, line, noApp, Refusal, settled, state } from './app.js'

afterEach(noApp)

const db = sidecar('db')

test('lines come one by one in their order, and end with the app', async () => {
  const { calls, sources } = app()
  const seen = []
  const loop = (async () => {
    for await (const { seq } of db.lines({ tail: 5 })) seen.push(seq)
  })()
  await settled()
  sources[0].give([line(1), line(2)])
  sources[0].give([line(3)])
  await settled()
  assert.deepEqual(seen, [1, 2, 3])
  sources[0].give(null)
  await loop
  assert.deepEqual([calls[0].name, calls[0].args], ['follow', { name: 'db', lines: 5 }])
})

test('nothing is opened before the first one is asked for', async () => {
  const { calls, sources } = app()
  const lines = db.lines()
  await settled()
  assert.deepEqual(calls, [])
  assert.deepEqual(await lines.return(), { done: true, value: undefined })
  assert.deepEqual(await lines.next(), { done: true, value: undefined })
  assert.deepEqual([calls, sources], [[], []])
})

test('nothing is asked for while the loop is busy', async () => {
  const { named, sources } = app()
  const lines = db.lines()
  const first = lines.next()
  await settled()
  sources[0].give([line(1), line(2)])
  sources[0].give([line(3)])
  await first
  await lines.next()
  await settled()
  assert.equal(named('next').length, 0)
  assert.equal((await lines.next()).value.seq, 3)
  assert.equal(named('next').length, 1)
})

test('what was missed is told in its place', async () => {
  const { sources } = app()
  const seen = []
  const lines = db.lines({ onMissed: (count) => seen.push(`${count} missed`) })
  const first = lines.next()
  await settled()
  sources[0].give([line(1), { missed: 40 }, line(42)])
  seen.push((await first).value.seq)
  seen.push((await lines.next()).value.seq)
  assert.deepEqual(seen, [1, '40 missed', 42])
})

test('what was missed is passed over where nobody wants to know', async () => {
  const { sources } = app()
  const event = events().next()
  await settled()
  sources[0].give([{ missed: 2 }, state('running')])
  assert.equal((await event).value.state, 'running')
})

const LEAVING = [
  ['break', async (loop) => void (await loop('break'))],
  ['throw', async (loop) => assert.rejects(loop('throw'), /body/)],
  ['return', async (loop) => assert.equal(await loop('return'), 1)]
]

for (const [how, leave] of LEAVING) {
  test(`leaving by ${how} closes the stream on the other side, once`, async () => {
    const { calls, sources } = app()
    const loop = async (how) => {
      for await (const { seq } of db.lines()) {
        if (how === 'throw') throw new Error('body')
        if (how === 'return') return seq
        break
      }
    }
    const left = leave(loop)
    await settled()
    sources[0].give([line(1), line(2)])
    await left
    await settled()
    assert.deepEqual(calls.at(-1).args, { id: 0 })
    assert.equal(sources[0].closed, 1)
  })
}

test('return() ends a wait, whatever the other side does', async () => {
  const { sources } = app({ close: () => new Promise(() => {}), next: () => new Promise(() => {}) })
  const lines = db.lines()
  const waits = [lines.next(), lines.next()]
  await settled()
  assert.equal(sources.length, 1)
  assert.deepEqual(await lines.return('left'), { done: true, value: 'left' })
  for (const wait of waits) assert.deepEqual(await wait, { done: true, value: undefined })
})

test('a stream that is left while it opens is closed when it is open, and not asked', async () => {
  const opening = deferred()
  const { named } = app({ follow: () => opening.promise, close: null })
  const lines = db.lines()
  const wait = lines.next()
  await lines.return()
  assert.equal((await wait).done, true)
  assert.equal(named('close').length, 0)
  opening.resolve(12)
  await settled()
  assert.deepEqual(named('close').map((call) => call.args), [{ id: 12 }])
  assert.equal(named('next').length, 0)
})

test('a stream that is closed before it is open stays so', async () => {
  const { calls } = app()
  const stream = new Stream('events', {})
  stream.close()
  assert.equal(await stream.next(), null)
  assert.deepEqual(calls, [])
})

test('values that are asked for at once come in order', async () => {
  const { sources } = app()
  const lines = db.lines()
  const three = [lines.next(), lines.next(), lines.next()]
  await settled()
  sources[0].give([line(1)])
  sources[0].give([line(2), line(3)])
  assert.deepEqual((await Promise.all(three)).map(({ value }) => value.seq), [1, 2, 3])
})

test('an abort ends a wait with its reason and closes', async () => {
  const { sources } = app()
  const leave = new AbortController()
  const lines = db.lines({ signal: leave.signal })
  const wait = lines.next()
  await settled()
  leave.abort(new Error('unmounted'))
  await assert.rejects(wait, /unmounted/)
  await settled()
  assert.equal(sources[0].closed, 1)
  assert.deepEqual(await lines.next(), { done: true, value: undefined })
})

test('an abort in the loop gives no further value', async () => {
  const { sources } = app()
  const leave = new AbortController()
  const seen = []
  const loop = (async () => {
    for await (const { seq } of db.lines({ signal: leave.signal })) {
      seen.push(seq)
      leave.abort()
    }
  })()
  loop.catch(() => {})
  await settled()
  sources[0].give([line(1), line(2)])
  await assert.rejects(loop, { name: 'AbortError' })
  assert.deepEqual(seen, [1])
})

test('a signal that was aborted before opens nothing', async () => {
  const { calls } = app()
  await assert.rejects(db.events({ signal: AbortSignal.abort() }).next(), { name: 'AbortError' })
  assert.deepEqual(calls, [])
})

test('what cannot be opened rejects, and so does what fails later', async () => {
  app({ follow: new Refusal(data('unknown-sidecar')) })
  await assert.rejects(db.lines().next(), { name: 'SidecarError', code: 'unknown-sidecar' })
  const { sources } = app()
  const lines = db.lines()
  const first = lines.next()
  await settled()
  sources[0].give([line(1)])
  assert.equal((await first).value.seq, 1)
  sources[0].give(new Refusal(data('supervisor-gone')))
  await assert.rejects(lines.next(), { code: 'supervisor-gone' })
  await settled()
  assert.equal(sources[0].closed, 1)
})

test('events are those of one sidecar, or of all', async () => {
  const { named, sources } = app()
  const [one, all] = [db.events().next(), events({ tail: 2 }).next()]
  await settled()
  assert.deepEqual(named('events').map((call) => call.args), [{ name: 'db', tail: 0 }, { name: undefined, tail: 2 }])
  sources[0].give([state('starting')])
  sources[1].give([state('stopped')])
  assert.deepEqual((await one).value, { sidecar: 'db', run: 1, at: 1, event: 'state', state: 'starting' })
  assert.equal((await all).value.state, 'stopped')
})

test('a page that comes back out of the history goes on, and is told that it missed something', async () => {
  const back = new Set()
  const before = [globalThis.addEventListener, globalThis.removeEventListener]
  globalThis.addEventListener = (_, listener) => back.add(listener)
  globalThis.removeEventListener = (_, listener) => back.delete(listener)
  try {
    const { named, sources } = app()
    // Where the module was loaded there was no such function.
    const { Stream } = await import(`../dist-js/stream.js?page=${Math.random()}`)
    const stream = new Stream('follow', { name: 'db', lines: 5 })
    const first = stream.next()
    await settled()
    sources[0].give([line(1)])
    assert.deepEqual(await first, [line(1)])
    const waiting = stream.next()
    await settled()
    back.forEach((listener) => listener({ persisted: false }))
    back.forEach((listener) => listener({ persisted: true }))
    assert.deepEqual(await waiting, [{ missed: 0 }])
    const again = stream.next()
    await settled()
    sources[1].give([line(2)])
    assert.deepEqual(await again, [line(2)])
    // What it began with is not given twice.
    assert.deepEqual(named('follow').map((call) => call.args.lines), [5, 0])
    stream.close()
    assert.equal(back.size, 0)
  } finally {
    ;[globalThis.addEventListener, globalThis.removeEventListener] = before
  }
})

test('a stream that the other side has closed ends', async () => {
  const { sources } = app({ next: false })
  const seen = []
  const loop = (async () => {
    for await (const { seq } of db.lines()) seen.push(seq)
  })()
  await settled()
  sources[0].give([line(1)])
  await loop
  assert.deepEqual(seen, [1])
})
