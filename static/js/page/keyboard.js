// Keys outside of text fields, and the one order in which Escape undoes things.

function isTyping(target) {
  return target.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=range])") !== null
}

function isChoosing(target) {
  return target.closest("input:is([type=radio], [type=range])") !== null
}

// keys: { "/": action, … }, those of a single letter or sign where a person has them; escapes: actions in order, each
// true when it did something; steps: { ArrowUp: action, … }, each true when there was something to be done where the
// focus is, and told whether the key is held;
// isElsewhere: whether a dialog or menu has the keys.
export class Keyboard {
  hasSingleKeys = true
  #keys
  #escapes
  #steps
  #isElsewhere

  constructor({ keys, escapes, steps, isElsewhere }) {
    this.#keys = keys
    this.#escapes = escapes
    this.#steps = steps
    this.#isElsewhere = isElsewhere
    document.addEventListener("keydown", (event) => this.#pressed(event))
  }

  #pressed(event) {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return
    // An open dialog or menu takes its own keys; Escape closes it, and nothing else.
    if (this.#isElsewhere()) return
    if (event.key === "Escape") return void this.#escapes.some((undo) => undo())
    if (isTyping(event.target)) return
    if (event.key in this.#steps) {
      if (!isChoosing(event.target) && this.#steps[event.key](event.repeat)) event.preventDefault()
      return
    }
    const isOffered = this.hasSingleKeys || event.key.length > 1
    const action = isOffered && !event.repeat && this.#keys[event.key.toLowerCase()]
    if (!action) return
    event.preventDefault()
    action()
  }
}
