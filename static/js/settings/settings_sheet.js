// The sheet of settings: how questions are asked, what is suggested, how the page is, and all of it as at first.
import { Sheet } from "../plain/sheet.js"
import { UndoLine } from "../plain/undo.js"
import { USUAL } from "./choices.js"
import { OwnSuggestions } from "./own_suggestions.js"

// Tells "choose" with what was chosen, by name, "reset" and "undo" of that, "keys" when they are wanted, "said" with
// what those who listen are told, and "opened".
export class SettingsSheet extends EventTarget {
  #parts
  #sheet
  #suggestions
  #suggested = { own: null, usual: [] }
  #undo

  // button: opens it; template: of one suggestion; maxChars: of its words.
  constructor({ sheet, button, template, maxChars }) {
    super()
    this.#parts = sheet
    this.#sheet = new Sheet({ sheet, openers: [button], focusFirst: () => this.#focusFirst() })
    this.#sheet.addEventListener("opened", () => this.#opened())
    button.addEventListener("click", () => this.#sheet.toggle())
    sheet.addEventListener("change", ({ target }) => target.name in USUAL && this.#chosen(target))
    this.#suggestions = new OwnSuggestions({
      ...{ list: this.#part("suggestions"), form: this.#part("add"), note: this.#part("full") },
      ...{ undo: this.#part("removed"), template, maxChars },
    })
    this.#suggestions.addEventListener("change", ({ detail }) => this.#tell("choose", { suggestions: detail }))
    this.#suggestions.addEventListener("said", ({ detail }) => this.#tell("said", detail))
    const reset = this.#part("reset")
    this.#undo = new UndoLine({ line: this.#part("undo"), instead: this.#part("foot"), back: () => reset })
    this.#undo.addEventListener("undo", () => this.#tell("undo"))
    reset.addEventListener("click", () => this.#tell("reset"))
    this.#part("keys").addEventListener("click", () => this.#tell("keys"))
  }

  get isOpen() {
    return this.#sheet.isOpen
  }

  // Returns whether there was anything to close.
  retreat() {
    return this.#sheet.retreat()
  }

  // values: as Choices has them; suggested: what is where a person has none of their own; isUpstream: whether
  // another server answers, whose own sheet has how it is asked.
  show({ values, suggested, isUpstream }) {
    for (const field of this.#parts.querySelectorAll("[name]")) write(field, values)
    for (const each of this.#parts.querySelectorAll("[data-without-upstream]")) each.hidden = isUpstream
    this.#suggested = { own: values.suggestions, usual: suggested }
    if (this.isOpen) this.#suggestions.show(this.#suggested)
  }

  offerUndo() {
    this.#undo.offer("Reset.")
  }

  // What was reset is not brought back over what was chosen since.
  forgetUndo() {
    this.#undo.end()
  }

  // Whoever never opens it has no rows of it in the page.
  #opened() {
    this.#suggestions.show(this.#suggested)
    this.#tell("opened")
  }

  #chosen(field) {
    const value = typeof USUAL[field.name] === "number" ? Number(field.value) : field.value
    this.#tell("choose", { [field.name]: field.type === "checkbox" ? field.checked : value })
  }

  #focusFirst() {
    const fields = [...this.#parts.querySelectorAll("select, input")]
    fields.find((each) => each.checkVisibility())?.focus({ preventScroll: true })
  }

  #part(name) {
    return this.#parts.querySelector(`.settings__${name}`)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}

function write(field, values) {
  if (field.type === "checkbox") field.checked = values[field.name] ?? field.checked
  else field.value = values[field.name] ?? field.value
}
