// What stays is not written again: a selection in words, and a translation of them, stays, too; and whatever is written
// is laid out and painted anew, the same or not.

const written = new WeakMap()

export function write(element, words) {
  if (written.get(element) === words) return
  written.set(element, words)
  const { firstChild } = element
  if (firstChild && firstChild === element.lastChild && firstChild.nodeType === Node.TEXT_NODE) firstChild.data = words
  else element.textContent = words
}

export function show(element, isShown) {
  if (element.hidden === isShown) element.hidden = !isShown
}
