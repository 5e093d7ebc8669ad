// What is written here is built by both sidecars, and shown by one.
import { explain } from './error.js'

const { sidecar } = window.__TAURI__.sidecar
const { invoke } = window.__TAURI__.core

const find = (id) => document.querySelector(id)

export async function preview(name) {
  await editor(find('#code'), find('#saved'))
  let shown = null
  await sidecar(name).onStatus(({ url }) => {
    // Another run may have another port.
    if (url === shown) return
    shown = url
    find('#where').textContent = url ?? ''
    find('#waiting').hidden = url !== null
    find('#frame').src = url ?? 'about:blank'
  })
}

async function editor(code, saved) {
  code.value = await invoke('source')
  let wait
  code.oninput = () => {
    clearTimeout(wait)
    saved.textContent = ''
    wait = setTimeout(async () => {
      try {
        await invoke('save', { text: code.value })
        saved.textContent = 'saved'
      } catch (error) {
        explain(find('#failure'), error)
      }
    }, 300)
  }
}
