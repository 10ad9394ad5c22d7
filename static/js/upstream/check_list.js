// The test as it is seen: one line for each step, as soon as it is known.
import { clock } from "../plain/words.js"
import { write } from "../plain/written.js"

// Tells "check" when a person wants a test.
export class CheckList extends EventTarget {
  #parts
  #template
  #shown = null

  // parts: { time, list, button, label }; template: of one step.
  constructor(parts, template) {
    super()
    this.#parts = parts
    this.#template = template
    parts.button.addEventListener("click", () => this.#wanted())
  }

  show(check) {
    const { time, list, button, label } = this.#parts
    write(time, check.at === null ? "" : clock(check.at))
    // Lines stay the elements they are: they are read as they come.
    if (check !== this.#shown) list.replaceChildren()
    this.#shown = check
    list.append(...check.steps.slice(list.children.length).map((step) => this.#line(step)))
    button.setAttribute("aria-disabled", String(check.isRunning))
    write(label, check.isRunning ? "Testing" : check.at === null ? "Test" : "Test again")
  }

  #wanted() {
    if (!this.#shown?.isRunning) this.dispatchEvent(new Event("check"))
  }

  #line({ isWell, words, remedy }) {
    const line = this.#template.content.firstElementChild.cloneNode(true)
    line.dataset.state = isWell ? "well" : "trouble"
    line.querySelector(".check__words").textContent = words
    line.querySelector(".check__remedy").textContent = remedy
    return line
  }
}
