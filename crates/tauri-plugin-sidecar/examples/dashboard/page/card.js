// One sidecar: its state, what it uses, what it writes, and what can be done with it.
const { sidecar } = window.__TAURI__.sidecar
const { invoke } = window.__TAURI__.core

const LINES = 300
const UP = ['running', 'degraded']
const DOWN = ['idle', 'stopped', 'error']

export function card(name, parent) {
  const root = document.querySelector('#card').content.cloneNode(true).firstElementChild
  const at = (selector) => root.querySelector(selector)
  const it = sidecar(name)
  let since = null
  let restart = null
  let used = null

  root.id = `card-${name}`
  at('.name').textContent = name
  parent.append(root)

  // What fails is in its status, which is shown.
  at('.start').onclick = () => it.start().catch(() => {})
  at('.stop').onclick = () => it.stop().catch(() => {})
  at('.restart').onclick = () => it.restart().catch(() => {})
  at('.crash').onclick = () => invoke('crash', { name }).catch(console.error)

  it.onStatus(({ state, address, run, restarts, error }) => {
    since = UP.includes(state) ? (since ?? Date.now()) : null
    if (state !== 'restarting') restart = null
    root.dataset.state = state
    at('.state').textContent = state
    at('.address').textContent = UP.includes(state) ? (address ?? 'none') : '–'
    at('.run').textContent = restarts > 0 ? `${run}, ${restarts} by itself` : run || '–'
    at('.start').disabled = !DOWN.includes(state)
    at('.stop').disabled = DOWN.includes(state) || state === 'stopping'
    at('.restart').disabled = !UP.includes(state)
    at('.crash').disabled = !UP.includes(state)
    at('.error').hidden = !error
    at('.error').textContent = error ? told(error) : ''
    tick()
  }).catch(show)

  it.onEvent((event) => {
    if (event.event === 'restart') restart = event.at + event.after
  }).catch(show)

  it.onLine((line) => write(at('.log'), line), { tail: LINES }).catch(show)

  function show(error) {
    at('.error').hidden = false
    at('.error').textContent = String(error)
  }

  async function tick() {
    at('.uptime').textContent = since ? span(Date.now() - since) : '–'
    const wait = restart ? Math.max(0, restart - Date.now()) : null
    if (wait !== null) at('.state').textContent = `restarting in ${(wait / 1000).toFixed(1)} s`
  }

  setInterval(tick, 100)
  setInterval(async () => {
    if (document.hidden) return
    const now = await it.usage().catch(() => null)
    const took = performance.now()
    at('.memory').textContent = now ? `${(now.memory / 1e6).toFixed(0)} MB` : '–'
    // Processor time of the last second, of all processors.
    at('.cpu').textContent = now && used ? `${Math.max(0, (100 * (now.cpu - used.cpu)) / (took - used.at)).toFixed(0)} %` : '–'
    used = now && { cpu: now.cpu, at: took }
  }, 1000)
}

function write(log, { text, stream }) {
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8
  const line = document.createElement('div')
  line.className = stream
  line.textContent = text
  log.append(line)
  while (log.childElementCount > LINES) log.firstElementChild.remove()
  if (atEnd) log.scrollTop = log.scrollHeight
}

/** An error as the terminal shows it. */
function told({ message, facts, log, help }) {
  const width = Math.max(0, ...facts.map(([key]) => key.length))
  return [
    message,
    ...facts.map(([key, value]) => `  ${key.padEnd(width)}  ${value}`),
    ...log.map((line) => `  | ${line}`),
    ...(help ? [`help: ${help}`] : [])
  ].join('\n')
}

function span(millis) {
  const seconds = Math.floor(millis / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
