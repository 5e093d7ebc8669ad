// What `tsc` does not make of the package: CommonJS, its types, and the script for pages without a bundler.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const shared = {
  absWorkingDir: import.meta.dirname,
  entryPoints: ['dist-js/index.js'],
  bundle: true,
  charset: 'utf8',
  logLevel: 'warning',
  target: 'es2020'
}

await build({
  ...shared,
  format: 'cjs',
  packages: 'external',
  outfile: 'dist-js/index.cjs'
})

// `window.__TAURI__.sidecar`, where `app.withGlobalTauri` is on.
await build({
  ...shared,
  format: 'iife',
  globalName: '__TAURI_PLUGIN_SIDECAR__',
  banner: { js: 'if("__TAURI__"in window){' },
  footer: { js: 'Object.defineProperty(window.__TAURI__,"sidecar",{value:__TAURI_PLUGIN_SIDECAR__})}' },
  minify: true,
  outfile: 'api-iife.js'
})

// The same types again, as those of CommonJS: a `.d.ts` beside `"type": "module"` speaks of modules.
const directory = new URL('dist-js/', import.meta.url)
for (const name of readdirSync(directory).filter((name) => name.endsWith('.d.ts'))) {
  const types = readFileSync(new URL(name, directory), 'utf8')
  const file = new URL(name.replace(/\.ts$/, '.cts'), directory)
  writeFileSync(file, types.replace(/(from ['"]\.\/[\w-]+)\.js(?=['"])/g, '$1.cjs'))
}
