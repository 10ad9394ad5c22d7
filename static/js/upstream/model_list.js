// Which of a server's models answers: radios, a filter where there are many, and a field for a name that is not listed.
import { modelName } from "../plain/words.js"

const MANY = 8
// As many rows are made: a filter finds the others, among however many.
const MAX_ROWS = 40

// Tells "choose" with the id of another model.
export class ModelList extends EventTarget {
  #parts
  #models = []
  #chosen = ""
  #usedLast = ""
  #first = ""
  #nServers = 1

  // parts: { count, filter, list, more, other, name }: other is the radio of the field called name.
  constructor(parts) {
    super()
    this.#parts = parts
    const { filter, list, other, name } = parts
    filter.addEventListener("input", () => this.#render())
    list.addEventListener("change", ({ target }) => {
      name.value = ""
      this.#choose(target.value)
    })
    other.addEventListener("change", () => name.focus({ preventScroll: true }))
    name.addEventListener("input", () => { other.checked = true })
    name.addEventListener("change", () => this.#named())
  }

  // The one that is chosen stands first; from then on nothing moves.
  settle() {
    this.#first = this.#chosen
    this.#parts.filter.value = ""
    this.#render()
  }

  // models: ids; chosen: the one that answers; usedLast: on an earlier visit, "" for none; nServers have them.
  show({ models, chosen, usedLast, nServers }) {
    const isSame = models.length === this.#models.length && models.every((model, index) => model === this.#models[index])
    if (isSame && chosen === this.#chosen && usedLast === this.#usedLast) return
    this.#models = models
    this.#chosen = chosen
    this.#usedLast = usedLast
    this.#nServers = nServers
    const { name } = this.#parts
    if (name !== document.activeElement) name.value = models.includes(chosen) ? "" : chosen
    this.#render()
  }

  focus() {
    const { filter, list, other } = this.#parts
    const field = list.querySelector(":checked") ?? (other.checked ? other : null) ?? list.querySelector("input") ?? filter
    field.focus({ preventScroll: true })
  }

  #choose(model) {
    this.#chosen = model
    this.dispatchEvent(new CustomEvent("choose", { detail: model }))
  }

  #named() {
    const model = this.#parts.name.value.trim()
    if (model === "") return this.#render()
    this.#choose(model)
    this.#render()
  }

  // Rows stay the elements they are where they can: whoever has the focus on one keeps it.
  #render() {
    const { count, filter, list, more, other } = this.#parts
    const n = this.#models.length
    count.textContent = `${n.toLocaleString("en")} on ${this.#nServers === 1 ? "this server" : "these servers"}`
    filter.hidden = n <= MANY
    const found = this.#found()
    const shown = found.slice(0, MAX_ROWS)
    const rows = new Map([...list.children].map((row) => [row.querySelector("input").value, row]))
    const focused = list.contains(document.activeElement) ? document.activeElement : null
    list.replaceChildren(...shown.map((model) => this.#row(model, rows.get(model))))
    if (focused?.isConnected) focused.focus({ preventScroll: true })
    more.hidden = found.length > 0 && found.length === shown.length
    more.textContent = found.length === 0 ? this.#nothing(n) : `${(found.length - shown.length).toLocaleString("en")} more. Write a part of the name above.`
    other.checked = !this.#models.includes(this.#chosen) && this.#chosen !== ""
  }

  #nothing(n) {
    return n === 0 ? "The server names none. Write the name of one." : "None is called that. Write its whole name below."
  }

  #found() {
    const words = this.#parts.filter.value.trim().toLowerCase().split(/\s+/)
    const models = this.#models.filter((model) => words.every((word) => model.toLowerCase().includes(word)))
    return models.includes(this.#first) ? [this.#first, ...models.filter((model) => model !== this.#first)] : models
  }

  #row(model, before) {
    const row = before ?? newRow(model)
    row.querySelector("input").checked = model === this.#chosen
    row.querySelector("small").textContent = model === this.#usedLast ? "Used last" : ""
    return row
  }
}

function newRow(model) {
  const row = document.createElement("label")
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "model", value: model })
  const words = Object.assign(document.createElement("span"), { translate: false })
  const name = Object.assign(document.createElement("b"), { textContent: modelName(model), title: model, dir: "auto" })
  words.append(name, document.createElement("small"))
  row.className = "choice"
  row.append(radio, words)
  return row
}
