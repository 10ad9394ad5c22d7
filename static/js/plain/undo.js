// The way back in place: one line that says what was done, with a moon that wanes as long as it can be undone.
import { showPhase } from "./moon.js"
import { write } from "./written.js"

const UNDO_MS = 8000
const STEP_MS = 100

// Tells "undo" when a person wants it back, and "gone" when it is too late for that.
export class UndoLine extends EventTarget {
  #line
  #instead
  #back
  #waning = null

  // line: an element as the macro `undo` in index.html writes it; instead: what gives way to it, if anything;
  // back: the element that gets the focus when the line leaves with it, or null.
  constructor({ line, instead = null, back }) {
    super()
    this.#line = line
    this.#instead = instead
    this.#back = back
    this.#button.addEventListener("click", () => this.#undo())
  }

  get isOffered() {
    return this.#waning !== null
  }

  // words: what was done. Whoever did it, by a control that is gone by now, goes on here.
  offer(words) {
    this.#rest()
    write(this.#line.querySelector(".undo__words"), words)
    this.#button.ariaLabel = `${words} Undo`
    this.#show(true)
    this.#button.focus({ preventScroll: true })
    const began = performance.now()
    const wane = () => {
      const left = 1 - (performance.now() - began) / UNDO_MS
      showPhase(this.#line, left)
      if (left <= 0) this.end()
    }
    this.#waning = setInterval(wane, STEP_MS)
    wane()
  }

  // From now on it is too late.
  end() {
    if (!this.isOffered) return
    this.#rest()
    this.#leave()
    this.dispatchEvent(new Event("gone"))
  }

  #undo() {
    this.#rest()
    this.dispatchEvent(new Event("undo"))
    this.#leave()
  }

  #rest() {
    clearInterval(this.#waning)
    this.#waning = null
  }

  #leave() {
    const hadFocus = this.#line.contains(document.activeElement)
    this.#show(false)
    if (hadFocus) this.#back()?.focus({ preventScroll: true })
  }

  #show(isOffered) {
    this.#line.hidden = !isOffered
    if (this.#instead) this.#instead.hidden = isOffered
  }

  get #button() {
    return this.#line.querySelector(".undo__button")
  }
}
