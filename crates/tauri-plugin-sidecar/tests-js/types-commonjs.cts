// Compiled, never run: the types that CommonJS finds.
import api = require('tauri-plugin-sidecar-api')

const ready: Promise<api.Status> = api.sidecar('db').ready()
// @ts-expect-error: it has types
const wrong: string = api.sidecar('db').ready()

export = { ready, wrong }
