import { SidecarError } from './error.js'

/** The narrowest permission that has a name in the plugin, and the commands that it lets a window call. */
const PERMISSIONS: ReadonlyArray<readonly [permission: string, commands: readonly string[]]> = [
  ['sidecar:output', ['tail', 'follow']],
  ['sidecar:control', ['start', 'stop', 'restart', 'start_all', 'stop_all']],
  ['sidecar:stdin', ['write_stdin', 'close_stdin']],
  ['sidecar:update', ['prepare_for_update', 'resume']],
  ['sidecar:allow-token', ['token']]
]

/**
 * The error for a text of Tauri's: what it says where a command does not reach the plugin, or is not answered by it.
 *
 * The texts are those of tauri 2.12 (`ipc/authority.rs`, `webview/mod.rs`, `plugin.rs`), in debug and in release
 * builds. One that is not known is shown as it is.
 */
export function refusal(command: string, text: string): SidecarError {
  const error = (code: 'not-allowed' | 'tauri', message: string, help: string | null) =>
    new SidecarError({ code, message, help, facts: [['tauri', text.replace(/\s*\n\s*/g, '; ')]], log: [] })

  if (/^plugin sidecar not found|^sidecar\.\w+ not allowed\. Plugin not found/.test(text)) {
    const help = 'give it to the app: `.plugin(tauri_plugin_sidecar::init!())`'
    return error('tauri', 'the app has no sidecar plugin', help)
  }
  if (/^Command \w+ not found|^sidecar\.\w+ not allowed\. Command not found/.test(text)) {
    const help = 'use the same version of the crate `tauri-plugin-sidecar` and of this package'
    return error('tauri', `the app's sidecar plugin has no command \`${command}\``, help)
  }
  if (/^sidecar\.\w+ (not allowed|explicitly denied)|^Command plugin:sidecar\|\w+ not allowed/.test(text)) {
    const message = `this window has no permission for the command \`${command}\` of the sidecar plugin`
    return error('not-allowed', message, grant(command, text))
  }
  return error('tauri', `Tauri refused the command \`${command}\` of the sidecar plugin`, null)
}

/** What lets the window call the command. A release build does not say why it may not. */
function grant(command: string, text: string): string {
  const found = PERMISSIONS.find(([, commands]) => commands.includes(command))
  const permission = found ? found[0] : 'sidecar:default'
  const denied = /explicitly denied[^]*?capability: (.+?), permission: (.+?)(?: \|\||$)/.exec(text)
  if (denied) return `take \`${denied[2]}\` out of the capability \`${denied[1]}\`, which denies it`
  const elsewhere = /not allowed on window "(.*)", webview ".*", URL: (.*)/.exec(text)
  if (!elsewhere) {
    return `add "${permission}" to \`permissions\` in a capability of this window, in the app's \`capabilities\` directory`
  }
  const [, window, address] = elsewhere
  if (address === 'local') return `add "${window}" to \`windows\` in a capability that has "${permission}"`
  return `add this page's address to \`remote.urls\` in a capability that has "${permission}"`
}
