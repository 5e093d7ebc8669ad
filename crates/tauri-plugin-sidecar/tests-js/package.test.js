import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import * as api from 'tauri-plugin-sidecar-api'

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const names = Object.keys(api).sort()

test('CommonJS has the same as the module', () => {
  const required = createRequire(import.meta.url)('tauri-plugin-sidecar-api')
  assert.deepEqual(Object.keys(required).sort(), names)
})

test('it can be imported where there is no window', () => {
  const script = `import('tauri-plugin-sidecar-api').then((api) => api.sidecar('db'))`
  execFileSync(process.execPath, ['--eval', script], { cwd: new URL('..', import.meta.url) })
})

test('a page without a bundler has it as window.__TAURI__.sidecar', async () => {
  const asked = []
  const invoke = async (...call) => (asked.push(call), [])
  const window = { __TAURI__: {}, __TAURI_INTERNALS__: { invoke } }
  runInNewContext(read('api-iife.js'), { window })
  assert.deepEqual(Object.keys(window.__TAURI__.sidecar).sort(), names)
  await window.__TAURI__.sidecar.list()
  assert.equal(asked[0][0], 'plugin:sidecar|list')
})

test('the script does nothing where that is off', () => {
  const window = {}
  runInNewContext(read('api-iife.js'), { window })
  assert.deepEqual(window, {})
})

test('it calls the commands that the plugin has, all of them', () => {
  const [, list] = /const COMMANDS: &\[&str\] = &\[([^\]]*)\]/.exec(read('build.rs'))
  const known = [...list.matchAll(/"(\w+)"/g)].map((found) => found[1])
  const sources = readdirSync(new URL('../guest-js', import.meta.url)).map((name) => read(`guest-js/${name}`))
  const called = sources.flatMap((source) =>
    [...source.matchAll(/(?:\bcall(?:<[^>]*>)?|new Stream)\('(\w+)'/g)].map((found) => found[1])
  )
  assert.deepEqual([...new Set(called)].sort(), known.sort())
})

test('the package and the crate have one version', () => {
  const [, version] = /^version = "(.*)"$/m.exec(read('../../Cargo.toml'))
  assert.equal(JSON.parse(read('package.json')).version, version)
  assert.equal(JSON.parse(read('package-lock.json')).version, version)
})

test('the lock names no host to download from', () => {
  for (const [path, { resolved, integrity }] of Object.entries(JSON.parse(read('package-lock.json')).packages)) {
    assert.equal(resolved, undefined, path)
    assert(path === '' || integrity.startsWith('sha512-'), path)
  }
})
