// One rule in the list: its name, what it does, its switch; its form, and the way back once it is deleted.
import { showPhase } from "../plain/moon.js"
import { write } from "../plain/written.js"
import { nameOf } from "./rule.js"
import { lineOf, moonOf, phaseOf } from "./rules.js"

const UNDO_MS = 8000
const WANING_STEP_MS = 100

// Tells "turn" with whether it is to be on, "open" when its form is wanted, "undo", and "gone" when it is too
// late for that.
export class RuleRow extends EventTarget {
  #item
  #name = ""
  #waning = null

  constructor(template) {
    super()
    this.#item = template.content.firstElementChild.cloneNode(true)
    this.#part("open").addEventListener("click", () => this.dispatchEvent(new Event("open")))
    this.#part("undo").addEventListener("click", () => this.dispatchEvent(new Event("undo")))
    this.#switch.addEventListener("change", () => {
      this.dispatchEvent(new CustomEvent("turn", { detail: this.#switch.checked }))
    })
  }

  get element() {
    return this.#item
  }

  get isLeaving() {
    return this.#waning !== null
  }

  // sleep: { why, since } while nothing is looked at, else null.
  show({ rule, state }, sleep, now) {
    this.#name = nameOf(rule)
    this.#item.dataset.phase = phaseOf(rule, state, sleep, now)
    this.#write("name", this.#name)
    this.#write("words", lineOf(rule, state, sleep, now))
    this.#switch.checked = rule.isOn
    this.#switch.ariaLabel = this.#name
    this.#showMoon(this.#part("moon"), moonOf(rule, state, sleep, now))
  }

  // The form takes the place of the line.
  edit(form) {
    this.#part("form").replaceChildren(form)
    this.#showPart("form")
  }

  rest() {
    clearInterval(this.#waning)
    this.#waning = null
    this.#part("form").replaceChildren()
    this.#showPart("line")
  }

  focus() {
    this.#part("open").focus()
  }

  // One line with a waning moon, as long as there is a way back.
  leave() {
    this.rest()
    this.#write("deleted-words", `Deleted: ${this.#name}`)
    this.#showPart("deleted")
    this.#part("undo").focus()
    const began = performance.now()
    const wane = () => {
      const left = 1 - (performance.now() - began) / UNDO_MS
      showPhase(this.#part("waning"), left)
      if (left <= 0) this.#end()
    }
    this.#waning = setInterval(wane, WANING_STEP_MS)
    wane()
  }

  #end() {
    this.rest()
    this.dispatchEvent(new Event("gone"))
  }

  get #switch() {
    return this.#part("switch").querySelector("input")
  }

  #part(name) {
    return this.#item.querySelector(`.rule__${name}`)
  }

  #write(name, words) {
    write(this.#part(name), words)
  }

  #showPart(shown) {
    for (const name of ["line", "form", "deleted"]) this.#part(name).hidden = name !== shown
    this.#part("open").setAttribute("aria-expanded", String(shown === "form"))
  }

  #showMoon(moon, fraction) {
    moon.toggleAttribute("hidden", fraction === null)
    if (fraction !== null) showPhase(moon, fraction)
  }
}
