// The live card: one question, what is so now in one sentence that is renewed in place, and what was so before.
import { copyBy } from "../plain/clipboard.js"
import { showPhase } from "../plain/moon.js"
import { clock, timeOfDay } from "../plain/words.js"
import { show, write } from "../plain/written.js"
import { paceWords } from "./pace.js"

const N_ROWS_FOLDED = 4

// session: see session.js; openCard: makes the card of one that was said, { item, close }.
export class LiveCard {
  #session
  #item
  #card
  #rowTemplate
  #openCard
  // By what was said, also of what is said now: its picture is loaded by the time that it stands there.
  #rows = new Map()
  #opened = new Map()
  #showsAll = false

  constructor({ template, rowTemplate, session, openCard }) {
    this.#session = session
    this.#rowTemplate = rowTemplate
    this.#openCard = openCard
    this.#item = template.content.firstElementChild.cloneNode(true)
    this.#card = this.#item.firstElementChild
    this.#part("question").textContent = session.title
  }

  get session() {
    return this.#session
  }

  get item() {
    return this.#item
  }

  get isEmpty() {
    return this.#session.said === null
  }

  // Returns what it says: { question, sentence, state, rate, activity }.
  show(pace) {
    const now = Date.now()
    const { session } = this
    const said = {
      question: session.title,
      sentence: session.said?.sentence ?? "",
      state: session.stateWords(pace, now),
      rate: session.rateWords(pace, now),
      activity: session.activity(pace, now),
    }
    this.#card.dataset.state = session.isOn ? said.activity : "ended"
    this.#write("rate-words", said.rate)
    showPhase(this.#card.querySelector(".moon"), session.isResting(pace, now) ? 0 : 1)
    this.#write("state-words", said.state)
    this.#show("now", session.trouble !== null)
    this.#write("pace-words", paceWords(pace))
    this.#write("words", said.sentence)
    this.#show("sentence", !this.isEmpty || session.isOn)
    this.#show("copy", !this.isEmpty)
    this.#showBefore()
    return said
  }

  showAll() {
    this.#showsAll = true
    this.#showBefore()
  }

  async copy() {
    await copyBy(this.#part("copy"), this.#session.said.sentence)
  }

  // Opens what was said to a card in its place, or closes it.
  toggle(button) {
    const said = this.#saidBy(button)
    if (!said) return
    const isOpen = this.#opened.has(button)
    if (isOpen) this.#closeAt(button)
    else this.#openAt(button, said)
    button.setAttribute("aria-expanded", String(!isOpen))
  }

  close() {
    for (const button of [...this.#opened.keys()]) this.#closeAt(button)
    for (const said of [...this.#rows.keys()]) this.#removeRow(said)
    this.#item.remove()
  }

  #saidBy(button) {
    if (button === this.#part("sentence")) return this.#session.said
    return [...this.#rows].find(([, row]) => row.item.contains(button))?.[0]
  }

  #openAt(button, said) {
    const { asked, title } = this.#session
    const card = this.#openCard({ asked, title, ...said })
    const place = button === this.#part("sentence") ? this.#part("opened") : button.parentElement
    place.append(card.item)
    this.#opened.set(button, card)
  }

  #closeAt(button) {
    this.#opened.get(button).close()
    this.#opened.delete(button)
  }

  #showBefore() {
    const { before } = this.#session
    const shown = this.#showsAll ? before : before.slice(0, N_ROWS_FOLDED)
    const needed = new Set([this.#session.said, ...shown].filter(Boolean))
    for (const said of this.#rows.keys()) if (!needed.has(said)) this.#removeRow(said)
    for (const said of needed) if (!this.#rows.has(said)) this.#makeRow(said)
    let next = null
    for (const { item } of shown.toReversed().map((said) => this.#rows.get(said))) {
      if (item.parentElement === null) this.#part("rows").insertBefore(item, next)
      next = item
    }
    this.#show("before", before.length > 0)
    if (before.length === 0) return
    this.#write("before-count", `Before, ${before.length}`)
    this.#write("before-since", `since ${clock(before.at(-1).since)}`)
    this.#write("all", `Show all ${before.length}`)
    this.#show("all", shown.length < before.length)
  }

  #makeRow(said) {
    // As it is in the template nothing of it would be loaded.
    const item = document.importNode(this.#rowTemplate.content.firstElementChild, true)
    const url = URL.createObjectURL(said.frame.blob)
    const time = item.querySelector("time")
    time.textContent = timeOfDay(said.since)
    time.dateTime = new Date(said.since).toISOString()
    const picture = item.querySelector("img")
    picture.src = url
    // As large before it is loaded: the list is laid out once.
    picture.style.setProperty("--ratio", said.frame.width / said.frame.height)
    item.querySelector(".live__row-words").textContent = said.sentence
    this.#rows.set(said, { item, url })
  }

  #removeRow(said) {
    const { item, url } = this.#rows.get(said)
    for (const button of this.#opened.keys()) if (item.contains(button)) this.#closeAt(button)
    URL.revokeObjectURL(url)
    item.remove()
    this.#rows.delete(said)
  }

  #write(part, words) {
    write(this.#part(part), words)
  }

  #show(part, isShown) {
    show(this.#part(part), isShown)
  }

  #part(name) {
    return this.#card.querySelector(`.live__${name}`)
  }
}

