import { card } from './card.js'
import { preview } from './preview.js'
import { timeline } from './timeline.js'

const { containmentScope, list, startAll, stopAll } = window.__TAURI__.sidecar

const SCOPES = {
  'whole-tree': 'Close or kill this app: nothing of them is left.',
  followed: 'Close or kill this app: what was seen of them ends with it.',
  leader: 'When this app is killed, only their first processes end with it.',
  nothing: 'When this app is killed, they live on.'
}

document.querySelector('#scope').textContent = SCOPES[await containmentScope()]
document.querySelector('#start-all').onclick = () => startAll().catch(() => {})
document.querySelector('#stop-all').onclick = () => stopAll().catch(() => {})

timeline(document.querySelector('#events'))
for (const { name } of await list()) card(name, document.querySelector('#cards'))
preview('preview')
