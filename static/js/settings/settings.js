// The settings, as one part: what a person chose for this page, and the sheet it is chosen on.
import { Choices } from "./choices.js"
import { SettingsSheet } from "./settings_sheet.js"

// Tells "change" when anything is chosen, here or in another tab, "keys" when they are wanted, "said" with what those
// who listen are told, and "opened" when its sheet is.
export class Settings extends EventTarget {
  #choices
  #sheet
  #offer = { suggested: [], isUpstream: false }
  #before = null

  // parts: { sheet, button, template }; maxChars: of one suggestion.
  constructor({ parts, maxChars }) {
    super()
    this.#choices = new Choices({ maxChars })
    this.#sheet = new SettingsSheet({ ...parts, maxChars })
    this.#choices.addEventListener("change", () => this.#changed())
    this.#sheet.addEventListener("choose", ({ detail }) => this.choose(detail))
    this.#sheet.addEventListener("reset", () => this.#reset())
    this.#sheet.addEventListener("undo", () => this.choose(this.#before))
    for (const name of ["keys", "opened"]) this.#sheet.addEventListener(name, () => this.dispatchEvent(new Event(name)))
    this.#sheet.addEventListener("said", ({ detail }) => this.dispatchEvent(new CustomEvent("said", { detail })))
    this.#show()
  }

  // All that can be chosen, by name: see choices.js.
  get values() {
    return this.#choices.values
  }

  // changes: some of the values, by name.
  choose(changes) {
    this.#choices.set(changes)
  }

  // Returns a person's request as it is sent.
  asking(request) {
    const { maxTokens, temperature } = this.values
    return { ...request, sampling: { maxTokens, temperature } }
  }

  // offer: { suggested, isUpstream }, as the sheet takes it, of whoever answers.
  follow(offer) {
    this.#offer = offer
    this.#show()
  }

  get isOpen() {
    return this.#sheet.isOpen
  }

  // Returns whether there was anything to close.
  retreat() {
    return this.#sheet.retreat()
  }

  #reset() {
    this.#before = this.#choices.reset()
    this.#sheet.offerUndo()
  }

  #changed() {
    this.#sheet.forgetUndo()
    this.#show()
    this.dispatchEvent(new Event("change"))
  }

  #show() {
    this.#sheet.show({ values: this.values, ...this.#offer })
  }
}
