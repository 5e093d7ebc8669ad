import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterEach, test } from 'node:test'
import { isSidecarError, list, sidecar, SidecarError } from 'tauri-plugin-sidecar-api'
import { refusal } from '../dist-js/refusal.js'
import { app, data, noApp, Refusal } from './app.js'

afterEach(noApp)

/** What a command is rejected with where the app answers it with `reason`. */
async function failure(command, reason) {
  app({ [command]: new Refusal(reason) })
  return sidecar('db')[command]().then(assert.fail, (error) => error)
}

test('an error of the supervisor keeps everything', async () => {
  const error = await failure('start', {
    code: 'exited-early',
    message: 'sidecar `db` exited before it was ready: code 127 after 0.2 s',
    help: 'install `libgomp`',
    facts: [['ready', 'GET /health'], ['limit', '30 s']],
    log: ['error while loading shared libraries', 'bye']
  })
  assert(error instanceof SidecarError && error instanceof Error)
  assert.equal(error.name, 'SidecarError')
  assert.equal(error.code, 'exited-early')
  assert.equal(error.message, 'sidecar `db` exited before it was ready: code 127 after 0.2 s')
  assert.deepEqual([error.help, error.facts[1], error.log[1]], ['install `libgomp`', ['limit', '30 s'], 'bye'])
})

test('as text it is what the Rust side prints', () => {
  const error = new SidecarError({
    code: 'port-taken',
    message: 'port 80 is taken',
    help: 'stop it',
    facts: [['owner', 'nginx'], ['process', '7']],
    log: ['bye']
  })
  assert.equal(String(error), 'port 80 is taken\n  owner    nginx\n  process  7\n  | bye\nhelp: stop it')
  assert.equal(String(new SidecarError(data('io', 'no'))), 'no')
})

test('an error of another copy of the package is known, and no other thing', () => {
  const other = createRequire(import.meta.url)('tauri-plugin-sidecar-api')
  assert.notEqual(other.SidecarError, SidecarError)
  assert(isSidecarError(new other.SidecarError(data('io'))))
  for (const thing of [new Error('no'), data('io'), 'io', null, undefined]) assert(!isSidecarError(thing))
})

test('an error is thrown where the call is waited for', async () => {
  const error = await failure('status', data('unknown-sidecar'))
  assert.match(error.stack, /SidecarError: it is unknown-sidecar/)
})

// What tauri 2.12 says.
const REFUSALS = [
  [
    'sidecar.start not allowed. Permissions associated with this command: sidecar:allow-start, sidecar:control',
    'not-allowed',
    'add "sidecar:control" to `permissions` in a capability of this window, in the app\'s `capabilities` directory'
  ],
  [
    'Command plugin:sidecar|start not allowed by ACL',
    'not-allowed',
    'add "sidecar:control" to `permissions` in a capability of this window, in the app\'s `capabilities` directory'
  ],
  [
    'sidecar.start not allowed on window "tray", webview "tray", URL: local\n\nallowed on: [windows: "main", URL: local]' +
      '\n\nreferenced by: capability: main, permission: sidecar:control',
    'not-allowed',
    'add "tray" to `windows` in a capability that has "sidecar:control"'
  ],
  [
    'sidecar.start not allowed on window "main", webview "main", URL: https://acme.test/\n\nallowed on: [windows: "main", ' +
      'URL: local]\n\nreferenced by: capability: main, permission: sidecar:control',
    'not-allowed',
    'add this page\'s address to `remote.urls` in a capability that has "sidecar:control"'
  ],
  [
    'sidecar.start explicitly denied on origin local\n\nreferenced by: capability: kiosk, permission: deny-start || ' +
      'capability: main, permission: deny-start',
    'not-allowed',
    'take `deny-start` out of the capability `kiosk`, which denies it'
  ],
  [
    'sidecar.start not allowed. Command not found',
    'tauri',
    'use the same version of the crate `tauri-plugin-sidecar` and of this package'
  ],
  ['Command start not found', 'tauri', 'use the same version of the crate `tauri-plugin-sidecar` and of this package'],
  ['sidecar.start not allowed. Plugin not found', 'tauri', 'give it to the app: `.plugin(tauri_plugin_sidecar::init!())`'],
  ['plugin sidecar not found', 'tauri', 'give it to the app: `.plugin(tauri_plugin_sidecar::init!())`'],
  ['invalid args `name` for command `start`: command start missing required key name', 'tauri', null]
]

for (const [text, code, help] of REFUSALS) {
  test(`Tauri says: ${text.split('\n')[0]}`, async () => {
    const error = await failure('start', text)
    assert.deepEqual([error.code, error.help], [code, help])
    assert.deepEqual(error.facts, [['tauri', text.replaceAll('\n\n', '; ')]])
    assert.match(error.message, /sidecar plugin/)
  })
}

test('the help names a permission that really has the command', () => {
  const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
  const [, all] = /const COMMANDS: &\[&str\] = &\[([^\]]*)\]/.exec(read('build.rs'))
  const commands = [...all.matchAll(/"(\w+)"/g)].map((found) => found[1])
  assert(commands.length > 15)
  const sets = new Map([['default', read('permissions/default.toml')]])
  const set = /identifier = "(\w+)"([^[]*permissions = \[[^\]]*\])/g
  for (const [, name, text] of read('permissions/sets.toml').matchAll(set)) sets.set(name, text)
  for (const command of commands) {
    const { help } = refusal(command, `Command plugin:sidecar|${command} not allowed by ACL`)
    const permission = /"sidecar:([\w-]+)"/.exec(help)[1]
    const allow = `allow-${command.replaceAll('_', '-')}`
    assert(permission === allow || sets.get(permission).includes(`"${allow}"`), `${command}: ${permission}`)
  }
})

test('a page in a browser is told where it is', async () => {
  const error = await list().then(assert.fail, (error) => error)
  assert.deepEqual([error.code, error.message], ['tauri', 'this page is not in a window of the app'])
})

test('what a mock throws is not lost', async () => {
  const error = await failure('status', new TypeError('mock is broken'))
  assert.deepEqual([error.code, error.facts], ['tauri', [['tauri', 'mock is broken']]])
})
