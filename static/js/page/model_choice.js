// Which models there are for this tab, before one of them is here: what each takes, and why one is not offered.
import { storage } from "../plain/words.js"

// Tells "wish" with the name of the model to get.
export class ModelChoice extends EventTarget {
  #card
  #template
  #models = []

  // card: a form; template: one model in it.
  constructor(card, template) {
    super()
    this.#card = card
    this.#template = template
    card.addEventListener("change", () => this.#showButton())
    card.addEventListener("submit", (event) => {
      event.preventDefault()
      this.dispatchEvent(new CustomEvent("wish", { detail: { get: this.#chosen.name } }))
    })
  }

  show({ state, tab }) {
    this.#card.hidden = state !== "absent"
    if (this.#card.hidden) return
    this.#models = tab.models.filter(({ refusal }) => refusal === null)
    const refused = tab.models.filter(({ refusal }) => refusal !== null)
    this.#write("title", titleOf(this.#models.length, refused.length))
    this.#card.querySelector(".choosing__models").replaceChildren(...this.#models.map((model, nth) => this.#row(model, nth === 0)))
    this.#write("refused", refused.map((model) => refusalWords(model, tab)).join(" "))
    this.#write("room", this.#models.length ? roomWords(tab) : "")
    this.#showButton()
  }

  get #chosen() {
    const chosen = this.#card.elements.model?.value
    return this.#models.find(({ name }) => name === chosen)
  }

  #row(model, isFirst) {
    const row = this.#template.content.firstElementChild.cloneNode(true)
    const input = row.querySelector("input")
    input.value = model.name
    input.checked = isFirst
    row.querySelector("b").textContent = model.isDemo ? "Demo" : model.name
    row.querySelector(".choosing__size").textContent = `, ${storage(model.bytes)}`
    row.querySelector("small").textContent = knowledgeOf(model)
    return row
  }

  #showButton() {
    const [button, model] = [this.#card.querySelector("button"), this.#chosen]
    button.hidden = !model
    if (model) button.textContent = `Get ${model.isDemo ? "the demo model" : model.name}, ${storage(model.bytes)}`
  }

  #write(part, words) {
    const element = this.#card.querySelector(`.choosing__${part}`)
    element.hidden = words === ""
    element.textContent = words
  }
}

function titleOf(nOffered, nRefused) {
  if (nOffered === 0) return "No model fits here."
  if (nOffered > 1) return "Choose a model."
  return nRefused > 0 ? "One model fits here." : "Get the model."
}

function knowledgeOf({ isDemo, isLarge }) {
  if (isDemo) return "Knows coloured shapes, nothing else."
  return isLarge ? "Knows the world. Uses this computer’s graphics card." : "Runs on any computer."
}

function refusalWords({ name, bytes, refusal }, { free }) {
  const why = {
    gpu: "without WebGPU an answer takes minutes",
    phone: `on a phone ${storage(bytes)} is too much`,
    room: `it takes ${storage(bytes)}, and this browser has room for ${storage(free)}`,
  }[refusal]
  return `${name} is not offered: ${why}.`
}

function roomWords({ free, isKept, isPersistent }) {
  if (!isKept) return "This window keeps nothing: the model is gone when it closes."
  const room = free === null ? "This browser" : `This browser has room for ${storage(free)} and`
  return isPersistent ? `${room} keeps it until you delete it.` : `${room} may delete it when its disk fills up.`
}
