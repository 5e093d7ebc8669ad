// What is written here is built by one sidecar and shown by the other.
const { sidecar } = window.__TAURI__.sidecar
const { invoke } = window.__TAURI__.core

export function preview(name) {
  const [frame, where, waiting] = ['#frame', '#where', '#waiting'].map((id) => document.querySelector(id))
  let shown = null
  sidecar(name).onStatus(({ url }) => {
    // Another run may have another port.
    if (url === shown) return
    shown = url
    where.textContent = url ?? ''
    waiting.hidden = url !== null
    frame.src = url ?? 'about:blank'
  })
  editor()
}

async function editor() {
  const [code, saved] = ['#code', '#saved'].map((id) => document.querySelector(id))
  code.value = await invoke('source')
  let wait
  code.oninput = () => {
    clearTimeout(wait)
    saved.textContent = ''
    wait = setTimeout(async () => {
      await invoke('save', { text: code.value })
      saved.textContent = 'saved'
    }, 300)
  }
}
