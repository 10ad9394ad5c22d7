// The answers of before in the list of answers: as far as somebody reads, those that are searched for, and the way
// back for those that are deleted.
import { UndoLine } from "../plain/undo.js"
import { light, matches, wordsOf } from "./search.js"

const ALL = { text: "", words: [], ids: null }
const AHEAD = "600px"

// Tells "found" with { text, n } when something was searched for, n null when the search ended.
export class KeptList extends EventTarget {
  #history
  #answers
  #requestOf
  #undone
  #sought = ALL
  #isLoading = false

  // answers: the list; requestOf: makes a card's request of an answer and its frame; end: an element behind the last
  // card; undone: a template of the line that takes a card's place.
  constructor({ history, answers, requestOf, end, undone }) {
    super()
    this.#history = history
    this.#answers = answers
    this.#requestOf = requestOf
    this.#undone = undone
    history.addEventListener("change", () => this.#sought.ids && this.#tellFound())
    history.addEventListener("came", ({ detail }) => this.#show(detail))
    history.addEventListener("went", ({ detail }) => detail.forEach((id) => answers.remove(id)))
    const reached = (seen) => seen.at(-1).isIntersecting && this.#showMore()
    new IntersectionObserver(reached, { rootMargin: AHEAD }).observe(end)
  }

  async open() {
    await this.#history.open()
    await this.#showMore()
  }

  // Shows the card of an answer, if it is here or was kept; returns whether it was.
  async goTo(id) {
    if (!this.#answers.find(id) && this.#history.has(id)) this.#show(await this.#history.read([id]))
    return this.#answers.goTo(id)
  }

  // text: "" for all answers.
  async search(text) {
    const words = wordsOf(text)
    this.#sought = { ...ALL, text }
    const found = words.length > 0 ? (await this.#history.answers()).filter((answer) => matches(answer, words)) : null
    // Something else by now.
    if (this.#sought.text !== text) return
    this.#sought = { text, words, ids: found?.map(({ id }) => id) ?? null }
    this.#answers.only = this.#sought.ids
    this.#tellFound()
    await this.#showMore()
  }

  async remove({ request: { id, title } }) {
    const putBack = await this.#history.remove([id])
    const line = this.#undoLine(`Deleted: ${title}`, putBack, id)
    this.#answers.remove(id, line.item)
    line.offer()
  }

  removeFocused() {
    const { focused } = this.#answers
    if (focused && !focused.isRunning) this.remove(focused)
  }

  async clear() {
    const { ids, size } = this.#history
    const putBack = await this.#history.remove(ids)
    for (const id of ids) this.#answers.remove(id)
    const line = this.#undoLine(`Deleted: all ${size} answers`, putBack, ids[0])
    this.#answers.putFirst(line.item)
    line.offer()
  }

  // Of those that are still there.
  #tellFound() {
    const { text, ids } = this.#sought
    const n = ids?.filter((id) => this.#history.has(id)).length ?? null
    this.dispatchEvent(new CustomEvent("found", { detail: { text, n } }))
  }

  // id: of the answer that has the focus when it is back.
  #undoLine(words, putBack, id) {
    const item = this.#undone.content.firstElementChild.cloneNode(true)
    const undo = new UndoLine({ line: item.querySelector(".undo"), back: () => null })
    undo.addEventListener("undo", async () => {
      await putBack()
      item.remove()
      this.#answers.goTo(id)
    })
    undo.addEventListener("gone", () => item.remove())
    return { item, offer: () => undo.offer(words) }
  }

  #show(kept) {
    for (const { answer, frame } of kept) this.#answers.place(this.#requestOf(answer, frame), answer.outcome)
    this.#light()
  }

  async #showMore() {
    if (this.#isLoading) return
    this.#isLoading = true
    try {
      const shown = new Set(this.#answers.ids)
      this.#show(await this.#history.next(this.#sought.ids ?? this.#history.ids, (id) => shown.has(id)))
    } finally {
      this.#isLoading = false
    }
  }

  #light() {
    const { ids, words } = this.#sought
    const elements = ids === null ? [] : this.#answers.ids.flatMap((id) => this.#answers.find(id).readable)
    light("searched", elements, words)
  }
}
