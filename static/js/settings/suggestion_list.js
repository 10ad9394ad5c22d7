// The suggestions in the order in which they are offered. Rows stay where they are and words move between them, so
// that whatever has the focus stays in the page.
import { SuggestionRow } from "./suggestion_row.js"

// Tells "change" with all the words as they are to be, "remove" with the index of one, and "said" where one is.
export class SuggestionList extends EventTarget {
  #list
  #template
  #maxChars
  #words = []
  #rows = []
  #place = null

  constructor({ list, template, maxChars }) {
    super()
    this.#list = list
    this.#template = template
    this.#maxChars = maxChars
  }

  show(words) {
    this.#words = words
    while (this.#rows.length > words.length) this.#rows.pop().element.remove()
    while (this.#rows.length < words.length) this.#add(this.#rows.length)
    this.#rows.forEach((row, index) => row.show(words[index], index + 1))
  }

  // Where one of them is written anew, undefined where there is none.
  fieldAt(index) {
    return this.#rows[index]?.field
  }

  #add(index) {
    const row = new SuggestionRow(this.#template, this.#maxChars)
    this.#rows.push(row)
    this.#list.append(row.element)
    row.addEventListener("write", ({ detail }) => this.#tell("change", this.#words.with(index, detail)))
    row.addEventListener("remove", () => this.#tell("remove", index))
    row.addEventListener("hop", ({ detail }) => this.#move(index, index + detail))
    row.addEventListener("drag", ({ detail }) => this.#pull(index, detail))
    row.addEventListener("drop", ({ detail }) => this.#drop(index, detail))
  }

  #move(from, to) {
    if (from === to || !this.#rows[to]) return
    const part = this.#rows[from].focused
    this.#tell("change", moved(this.#words, from, to))
    if (part) this.#rows[to].focus(part)
    this.#tell("said", `${to + 1} of ${this.#words.length}`)
  }

  // Shows where it would be: below all others whose middle is above the pointer.
  #pull(from, y) {
    this.#place = this.#rows.filter((row, index) => index !== from && row.middle < y).length
    moved(this.#rows, from, this.#place).forEach((row, index) => { row.element.style.order = index })
  }

  #drop(from, isToStay) {
    const to = this.#place ?? from
    this.#place = null
    for (const row of this.#rows) row.element.style.order = ""
    if (isToStay) this.#move(from, to)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}

function moved(list, from, to) {
  return list.toSpliced(from, 1).toSpliced(to, 0, list[from])
}
