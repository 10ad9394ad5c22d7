// What could be asked, as buttons.
import { show } from "../plain/written.js"
import { titleOf } from "./skills.js"

// Tells "choose" with what one of them asks, { skill, question }, or does, { action }; its title where that is not said
// by what it asks.
export class Suggestions extends EventTarget {
  #list
  #offered = []

  constructor(list) {
    super()
    this.#list = list
    list.addEventListener("click", (event) => this.#clicked(event))
  }

  set hidden(isHidden) {
    show(this.#list, !isHidden)
  }

  show(offered) {
    this.#offered = offered
    this.#list.replaceChildren(...offered.map(suggestion))
  }

  // What a button asks is its number: a browser may have translated its words.
  #clicked(event) {
    const button = event.target.closest("button")
    if (button) this.dispatchEvent(new CustomEvent("choose", { detail: this.#offered[button.dataset.offer] }))
  }
}

function suggestion(asked, index) {
  const button = document.createElement("button")
  Object.assign(button, { type: "button", className: "prompts__choice", textContent: asked.title ?? titleOf(asked) })
  button.dataset.offer = index
  const item = document.createElement("li")
  item.append(button)
  return item
}
