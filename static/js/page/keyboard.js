// Keys outside of text fields, and the one order in which Escape undoes things.

function isTyping(target) {
  return target.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])") !== null
}

function isChoosing(target) {
  return target.closest("input[type=radio]") !== null
}

// keys: { "/": action, … } of a single letter or sign; escapes: actions in order, each true when it did something;
// step: called with 1 or -1 for the arrows, true when there was somewhere to go;
// isElsewhere: whether a dialog or menu has the keys.
export class Keyboard {
  hasSingleKeys = true
  #keys
  #escapes
  #step
  #isElsewhere

  constructor({ keys, escapes, step, isElsewhere }) {
    this.#keys = keys
    this.#escapes = escapes
    this.#step = step
    this.#isElsewhere = isElsewhere
    document.addEventListener("keydown", (event) => this.#pressed(event))
  }

  #pressed(event) {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return
    // An open dialog or menu takes its own keys; Escape closes it, and nothing else.
    if (this.#isElsewhere()) return
    if (event.key === "Escape") return void this.#escapes.some((undo) => undo())
    if (isTyping(event.target)) return
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (isChoosing(event.target)) return
      if (this.#step(event.key === "ArrowDown" ? 1 : -1)) event.preventDefault()
      return
    }
    const action = this.hasSingleKeys && !event.repeat && this.#keys[event.key.toLowerCase()]
    if (!action) return
    event.preventDefault()
    action()
  }
}
