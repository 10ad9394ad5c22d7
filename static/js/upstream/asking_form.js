// How the model is asked: the words before every question and for a description, and how its answer is chosen.

const UNDO_MS = 8000
const NUMBERS = ["maxTokens", "temperature"]

// Tells "change" with what was changed, by name, and "reset" and "undo".
export class AskingForm extends EventTarget {
  #form
  #reset
  #undo
  #note
  #undoing = null

  // reset, undo: the buttons for both; note: says what cannot be.
  constructor({ form, reset, undo, note }) {
    super()
    this.#form = form
    this.#reset = reset
    this.#undo = undo
    this.#note = note
    form.addEventListener("submit", (event) => event.preventDefault())
    form.addEventListener("input", ({ target }) => this.#changed(target))
    reset.addEventListener("click", () => this.#offerUndo())
    undo.addEventListener("click", () => this.#takeBack())
  }

  // values: by the names of the fields. The one that is written in is left alone.
  show(values, isUsual) {
    for (const field of this.#form.elements) {
      if (field !== document.activeElement && field.name in values) field.value = values[field.name]
    }
    this.#reset.hidden = isUsual || this.#undoing !== null
    this.#undo.hidden = this.#undoing === null
  }

  #changed(field) {
    this.#forgetUndo()
    const isGood = field.checkValidity()
    this.#note.textContent = isGood ? "" : `A number from ${field.min} to ${Number(field.max).toLocaleString("en")}.`
    this.#note.hidden = isGood
    if (!isGood) return
    const value = NUMBERS.includes(field.name) ? Number(field.value) : field.value
    this.dispatchEvent(new CustomEvent("change", { detail: { [field.name]: value } }))
  }

  #offerUndo() {
    const hadFocus = document.activeElement === this.#reset
    this.#note.hidden = true
    this.#undoing = setTimeout(() => this.#forgetUndo(), UNDO_MS)
    this.dispatchEvent(new Event("reset"))
    if (hadFocus) this.#undo.focus()
  }

  #takeBack() {
    const hadFocus = document.activeElement === this.#undo
    this.#endUndo()
    this.dispatchEvent(new Event("undo"))
    if (hadFocus) this.#reset.focus()
  }

  #forgetUndo() {
    const hadFocus = document.activeElement === this.#undo
    this.#endUndo()
    if (hadFocus) this.#form.elements[0].focus({ preventScroll: true })
  }

  #endUndo() {
    clearTimeout(this.#undoing)
    this.#undoing = null
    this.#undo.hidden = true
  }
}
