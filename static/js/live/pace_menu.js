// The menu of how often to look; what is chosen is remembered.
import { recall, remember } from "../plain/memory.js"
import { placeBeside } from "../plain/popover.js"
import { AS_IT_CHANGES, BACK_TO_BACK, readPace, USUAL_S } from "./pace.js"

// Tells "change" when another pace is chosen.
export class PaceMenu extends EventTarget {
  #menu
  #seconds
  #pace = readPace(recall("pace")) ?? AS_IT_CHANGES

  // menu: a popover with the radios and the field of seconds; the button it opens beside has popovertarget.
  constructor(menu) {
    super()
    this.#menu = menu
    this.#seconds = menu.querySelector("[name=seconds]")
    this.#show()
    menu.addEventListener("change", (event) => this.#chosen(event.target))
    menu.addEventListener("toggle", (event) => event.newState === "open" && this.#place())
  }

  get pace() {
    return this.#pace
  }

  #chosen(input) {
    const every = readPace(this.#seconds.value) ?? USUAL_S
    const isEvery = input === this.#seconds || input.value === "every"
    this.#pace = isEvery ? every : input.value
    remember("pace", String(this.#pace))
    this.#show()
    this.dispatchEvent(new Event("change"))
  }

  #show() {
    const isEvery = this.#pace !== AS_IT_CHANGES && this.#pace !== BACK_TO_BACK
    this.#menu.querySelector(`[value="${isEvery ? "every" : this.#pace}"]`).checked = true
    this.#seconds.value = isEvery ? this.#pace : this.#seconds.value || USUAL_S
  }

  #place() {
    const buttons = [...document.querySelectorAll(`[popovertarget="${this.#menu.id}"]`)]
    placeBeside(this.#menu, buttons.find((each) => each.checkVisibility()))
  }
}
