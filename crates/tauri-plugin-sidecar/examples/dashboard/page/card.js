// One sidecar: its state, what it uses, what it writes, and what can be done with it.
import { explain } from './error.js'

const { sidecar } = window.__TAURI__.sidecar
const { invoke } = window.__TAURI__.core

const LINES = 300
const UP = ['running', 'degraded']
const DOWN = ['idle', 'stopped', 'error']

export function card(name, parent) {
  const root = document.querySelector('#card').content.cloneNode(true).firstElementChild
  const at = (selector) => root.querySelector(selector)
  const it = sidecar(name)
  const show = (error) => explain(at('.error'), error)
  let ready = null
  let again = null

  root.id = `card-${name}`
  root.setAttribute('aria-label', name)
  at('.name').textContent = name
  at('.log').setAttribute('aria-label', `Output of ${name}`)
  parent.append(root)

  // A start that somebody ends by a stop fails, and that is what was wanted.
  const press = (button, action) => {
    at(button).onclick = () => action().catch((error) => error.code === 'cancelled' || show(error))
  }
  press('.start', () => it.start())
  press('.stop', () => it.stop())
  press('.restart', () => it.restart())
  press('.crash', () => invoke('crash', { name }))

  it.onStatus(({ state, since, address, run, restarts, error }) => {
    const up = UP.includes(state)
    ready = since
    if (state !== 'restarting') again = null
    root.dataset.state = state
    at('.state').textContent = state
    at('.address').textContent = up ? (address ?? 'no port') : '–'
    at('.runs').textContent = run || '–'
    at('.restarts').textContent = restarts
    at('.start').disabled = !DOWN.includes(state)
    at('.stop').disabled = DOWN.includes(state) || state === 'stopping'
    at('.restart').disabled = !up
    at('.crash').disabled = !up
    show(error)
    tick()
  }).catch(show)

  it.onEvent((event) => {
    if (event.event === 'restart') again = event.at + event.after
  }).catch(show)

  it.onLine((line) => write(at('.log'), line), { tail: LINES }).catch(show)

  function tick() {
    at('.uptime').textContent = ready ? span(Date.now() - ready) : '–'
    at('.countdown').textContent = again ? `in ${(Math.max(0, again - Date.now()) / 1000).toFixed(1)} s` : ''
  }

  setInterval(tick, 100)
  meter(it, at('.cpu'), at('.memory'))
}

/** What its whole process tree uses, once a second while somebody may look. */
function meter(it, cpu, memory) {
  let last = null
  const look = async () => {
    if (document.hidden) return
    const now = await it.usage().catch(() => null)
    const at = performance.now()
    memory.textContent = now ? `${(now.memory / 1e6).toFixed(0)} MB` : '–'
    // Of one processor since the last look. Another run counts from nothing.
    const used = now && last ? Math.max(0, now.cpu - last.cpu) / (at - last.at) : null
    cpu.textContent = used === null ? '–' : `${(100 * used).toFixed(0)} %`
    last = now && { cpu: now.cpu, at }
  }
  look()
  setInterval(look, 1000)
}

function write(log, { text, stream }) {
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8
  const line = document.createElement('div')
  line.dataset.stream = stream
  line.textContent = text
  log.append(line)
  while (log.childElementCount > LINES) log.firstElementChild.remove()
  if (atEnd) log.scrollTop = log.scrollHeight
}

function span(millis) {
  const seconds = Math.floor(millis / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
