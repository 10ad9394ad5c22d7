// Words that stay are not written again: a selection in them, and a translation of them, stays, too.

const written = new WeakMap()

export function write(element, words) {
  if (written.get(element) === words) return
  written.set(element, words)
  element.textContent = words
}
