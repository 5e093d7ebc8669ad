// An error as it is: what failed, the facts, and what to do now. What the sidecar wrote last is in its card.

/** Fills a place with an error: a `SidecarError`, the same as data in a status, or anything else. None hides it. */
export function explain(place, error) {
  place.hidden = !error
  place.replaceChildren()
  if (!error) return
  const { message = String(error), facts = [], help = null } = error
  part(place, 'strong', message)
  if (facts.length > 0) {
    const list = part(place, 'dl')
    for (const [key, value] of facts) {
      part(list, 'dt', key)
      part(list, 'dd', value)
    }
  }
  if (help) part(place, 'p', help).className = 'help'
}

function part(place, tag, text = '') {
  const element = document.createElement(tag)
  element.textContent = text
  place.append(element)
  return element
}
