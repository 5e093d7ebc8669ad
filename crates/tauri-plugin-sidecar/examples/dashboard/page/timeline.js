// Everything that happens to sidecars, the newest first.
const { onEvent } = window.__TAURI__.sidecar

const KEPT = 100

const WORDS = {
  launched: ({ pid, run }) => `runs as process ${pid} (run ${run})`,
  port: ({ port }) => `has port ${port}`,
  'port-again': ({ port }) => `announced another port, ${port}`,
  exited: ({ exit }) => (exit.signal ? `ended by ${exit.signal}` : `exited with code ${exit.code}`),
  unasked: ({ reason }) => `could not be asked to stop: ${reason}`,
  'stop-blocked': ({ processes }) => `did not stop in time: ${processes.map(({ pid }) => pid).join(', ')}`,
  'keeper-lost': () => 'lost its keeper',
  restart: ({ after, error }) => `starts again in ${(after / 1000).toFixed(1)} s: ${error.message}`,
  failed: ({ error }) => `is given up: ${error.message}`,
  unlimited: ({ limits }) => `is not limited in ${limits.join(', ')}`,
  state: ({ state }) => `is ${state}`
}

export function timeline(list) {
  return onEvent(
    (event) => {
      const item = document.createElement('li')
      item.dataset.event = event.event
      const time = document.createElement('time')
      time.textContent = new Date(event.at).toLocaleTimeString()
      const who = document.createElement('b')
      who.textContent = event.sidecar
      const what = document.createElement('span')
      // Events that are newer than this page are told by their name.
      what.textContent = WORDS[event.event]?.(event) ?? event.event
      item.append(time, who, what)
      list.prepend(item)
      while (list.childElementCount > KEPT) list.lastElementChild.remove()
    },
    { tail: KEPT, onMissed: (count) => console.warn(`${count} events came too fast to be shown`) }
  )
}
