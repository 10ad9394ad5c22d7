// A person's own suggestions on the sheet: the list, a line for another, and the way back of one that was removed.
import { UndoLine } from "../plain/undo.js"
import { MAX_SUGGESTIONS } from "./choices.js"
import { SuggestionList } from "./suggestion_list.js"

// Tells "change" with the own suggestions as they are to be, null for those of the model, and "said" with what
// those who listen are told.
export class OwnSuggestions extends EventTarget {
  #form
  #note
  #list
  #undo
  #own = null
  #words = []
  // What was removed last: { own } before that, and { index } where it was.
  #removed = null

  // form: adds one; note: says why none can be; undo: the line, as UndoLine takes it; maxChars: of one.
  constructor({ list, template, form, note, undo, maxChars }) {
    super()
    this.#form = form
    this.#note = note
    this.#field.maxLength = maxChars
    this.#list = new SuggestionList({ list, template, maxChars })
    this.#list.addEventListener("change", ({ detail }) => this.#change(detail))
    this.#list.addEventListener("remove", ({ detail }) => this.#remove(detail))
    this.#list.addEventListener("said", ({ detail }) => this.#tell("said", detail))
    this.#undo = new UndoLine({ line: undo, back: () => this.#list.fieldAt(this.#removed.index) ?? this.#field })
    this.#undo.addEventListener("undo", () => this.#change(this.#removed.own))
    form.addEventListener("submit", (event) => this.#add(event))
  }

  // own: null where those of the model, usual, are offered.
  show({ own, usual }) {
    if (own !== this.#own) this.#undo.end()
    this.#own = own
    this.#words = own ?? usual
    this.#list.show(this.#words)
    const isFull = this.#words.length >= MAX_SUGGESTIONS
    this.#form.hidden = isFull
    this.#note.hidden = !isFull
  }

  #add(event) {
    event.preventDefault()
    const words = this.#field.value.trim()
    this.#field.value = ""
    if (words !== "") this.#change([...this.#words, words])
    if (this.#form.hidden) this.#list.fieldAt(MAX_SUGGESTIONS - 1).focus()
    else this.#field.focus()
  }

  #remove(index) {
    const removed = { own: this.#own, index }
    const words = this.#words[index]
    this.#change(this.#words.toSpliced(index, 1))
    this.#removed = removed
    this.#undo.offer(`Removed: ${words}`)
  }

  #change(own) {
    this.#tell("change", own)
  }

  get #field() {
    return this.#form.elements.words
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
