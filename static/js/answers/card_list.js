// The cards that stand in the list, newest first, and which of them are seen.
import { AnswerCard } from "./answer_card.js"

const MAX_CARDS = 200
// Programs do not tire: theirs must not push out what a person asked.
const MAX_PROGRAM_CARDS = 50

export class CardList {
  #list
  #template
  #cards = new Map()
  #only = null
  #letters = {}

  constructor(list, template) {
    this.#list = list
    this.#template = template
  }

  get size() {
    return this.#cards.size
  }

  get ids() {
    return [...this.#cards.keys()]
  }

  get running() {
    return this.#all.filter((card) => card.isRunning)
  }

  get newest() {
    return newestOf(this.#all)
  }

  // A look of a program has neither question nor answer.
  get newestAsked() {
    return newestOf(this.#all.filter(({ request }) => !request.isLook))
  }

  // The card in which the focus is.
  get focused() {
    return this.holding(document.activeElement)
  }

  // Those with these ids are seen alone; null for all.
  set only(ids) {
    this.#only = ids && new Set(ids)
    for (const card of this.#all) this.#filter(card)
  }

  // Of those that are chosen, by their ids.
  set letters(letters) {
    this.#letters = letters
    for (const card of this.#all) this.#showLetter(card)
  }

  find(id) {
    return this.#cards.get(id)
  }

  holding(element) {
    return this.#all.find((card) => card.element.contains(element))
  }

  // Adds a card before all others; the oldest go.
  add(request) {
    const card = this.#make(request)
    this.putFirst(card.item)
    this.#trim()
    return card
  }

  // Adds a card where it belongs by its time.
  place(request) {
    const next = newestOf(this.#all.filter(({ askedAt }) => askedAt < request.askedAt))
    const card = this.#make(request)
    if (next) next.item.before(card.item)
    else this.#list.append(card.item)
    return card
  }

  // What is pinned stays first.
  putFirst(item) {
    const pinned = this.#list.querySelector(":scope > [data-pinned]")
    if (pinned) pinned.after(item)
    else this.#list.prepend(item)
  }

  remove(card) {
    this.#cards.delete(card.request.id)
    card.close()
  }

  // Moves the focus one card down (1) or up (-1); from elsewhere to the first. False where there is none.
  step(direction) {
    const cards = [...this.#list.querySelectorAll(".card")].filter((card) => card.checkVisibility())
    const current = cards.findIndex((card) => card.contains(document.activeElement))
    const next = cards[current < 0 ? 0 : current + direction]
    next?.focus()
    return next !== undefined
  }

  get #all() {
    return [...this.#cards.values()]
  }

  #make(request) {
    const card = new AnswerCard(this.#template, request)
    this.#cards.set(request.id, card)
    this.#filter(card)
    this.#showLetter(card)
    return card
  }

  #showLetter({ request, element }) {
    const letter = this.#letters[request.id] ?? ""
    Object.assign(element.querySelector(".card__letter"), { textContent: letter, hidden: letter === "" })
  }

  #filter(card) {
    card.item.hidden = this.#only !== null && !this.#only.has(card.request.id)
  }

  #trim() {
    const cards = this.#all.sort((one, other) => one.askedAt - other.askedAt)
    const ofPrograms = cards.filter((card) => card.isOfProgram)
    if (ofPrograms.length > MAX_PROGRAM_CARDS) this.remove(ofPrograms[0])
    else for (const card of cards.slice(0, -MAX_CARDS)) this.remove(card)
  }
}

// Of two that came at once, the one that came in last.
function newestOf(cards) {
  return cards.reduce((newest, card) => newest && newest.askedAt > card.askedAt ? newest : card, null)
}
