import { card } from './card.js'
import { explain } from './error.js'
import { preview } from './preview.js'
import { timeline } from './timeline.js'

const { containment, list, startAll, stopAll } = window.__TAURI__.sidecar

const SCOPES = {
  'whole-tree': 'Close this app, or kill it: nothing of them is left.',
  followed: 'Close this app, or kill it: what was seen of them ends with it.',
  leader: 'When this app is killed, only their first processes end with it.',
  nothing: 'When this app is killed, they live on.'
}

const find = (id) => document.querySelector(id)
const show = (error) => explain(find('#failure'), error)

// Who of them fails says so in its card.
find('#start-all').onclick = () => startAll().catch(() => {})
find('#stop-all').onclick = () => stopAll().catch(() => {})

try {
  find('#scope').textContent = SCOPES[(await containment()).scope]
  await timeline(find('#events'))
  for (const { name } of await list()) card(name, find('#cards'))
  await preview('preview')
} catch (error) {
  show(error)
}
