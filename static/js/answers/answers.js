// The list of answers, newest first: hands each event to its card and tells what is going on.
import { AnswerCard } from "./answer_card.js"

const MAX_CARDS = 200
const TICK_MS = 1000
const CONNECTION_LOST = "The answer broke off: connection lost."

// Tells "change" when what runs changes, "found" with a card at each of its places, "finished" with
// what a listener should hear, "copied", "again" with a request and "stop" with an id.
export class Answers extends EventTarget {
  #list
  #scroller
  #template
  #count
  #cards = new Map()
  #isModelReady = false

  constructor({ list, template, count }) {
    super()
    this.#list = list
    this.#scroller = list.parentElement
    this.#template = template
    this.#count = count
    list.addEventListener("click", (event) => this.#clicked(event))
    setInterval(() => this.#running().forEach((card) => card.tick()), TICK_MS)
  }

  get size() {
    return this.#cards.size
  }

  // The furthest that any running answer has come: "answering", "looking", "waiting" or null.
  get activity() {
    const activities = this.#running().map((card) => card.activity)
    return ["answering", "looking", "waiting"].find((activity) => activities.includes(activity)) ?? null
  }

  get runningIds() {
    return this.#running().map((card) => card.request.id)
  }

  get newest() {
    return [...this.#cards.values()].at(-1)
  }

  // What a running answer was asked with.
  requestOf(id) {
    return this.#runningCard(id)?.request
  }

  add(request) {
    this.newest?.fold()
    const card = new AnswerCard(this.#template, request)
    this.#cards.set(request.id, card)
    this.#list.prepend(card.item)
    if (this.size > MAX_CARDS) this.#remove(this.#cards.values().next().value)
    this.#scroller.scrollTo({ top: 0 })
    if (!this.#isModelReady) card.waitForModel(this.runningIds.length)
    this.#changed()
    return card
  }

  set isModelReady(isReady) {
    this.#isModelReady = isReady
  }

  waiting({ id, position, expectedMs }) {
    const card = this.#runningCard(id)
    if (this.#isModelReady) card?.waitInLine(position, expectedMs)
    else card?.waitForModel(position)
  }

  started({ id }) {
    this.#runningCard(id)?.begin()
    this.#changed()
  }

  token({ id, text }) {
    this.#advance(id, (card) => card.add(text))
  }

  found({ id, place }) {
    this.#advance(id, (card) => {
      card.find(place)
      this.dispatchEvent(new CustomEvent("found", { detail: card }))
    })
  }

  response(response) {
    const card = this.#runningCard(response.id)
    if (!card) return
    card.finish(response)
    this.#finished(response.error ?? (card.spoken || "Stopped."))
  }

  fail(id, sentence) {
    this.#runningCard(id)?.fail(sentence)
    this.#finished(sentence)
  }

  connectionLost() {
    for (const id of this.runningIds) this.fail(id, CONNECTION_LOST)
  }

  async copy(card) {
    await card.copy()
    this.dispatchEvent(new Event("copied"))
  }

  // Moves the focus one card down (1) or up (-1); from elsewhere to the first. False where there is none.
  step(direction) {
    const cards = [...this.#list.querySelectorAll(".card")]
    const current = cards.findIndex((card) => card.contains(document.activeElement))
    const next = cards[current < 0 ? 0 : current + direction]
    next?.focus()
    return next !== undefined
  }

  #running() {
    return [...this.#cards.values()].filter((card) => card.isRunning)
  }

  #runningCard(id) {
    const card = this.#cards.get(id)
    return card?.isRunning ? card : null
  }

  #advance(id, step) {
    const card = this.#runningCard(id)
    if (!card) return
    const before = card.activity
    step(card)
    if (card.activity !== before) this.#changed()
  }

  #remove(card) {
    this.#cards.delete(card.request.id)
    card.close()
  }

  #finished(sentence) {
    this.#changed()
    this.dispatchEvent(new CustomEvent("finished", { detail: sentence }))
  }

  #changed() {
    this.#count.textContent = this.size || ""
    this.dispatchEvent(new Event("change"))
  }

  #clicked(event) {
    const action = event.target.closest("[data-action]")?.dataset.action
    const card = [...this.#cards.values()].find(({ item }) => item.contains(event.target))
    if (action === "stop") this.dispatchEvent(new CustomEvent("stop", { detail: card.request.id }))
    if (action === "again") this.dispatchEvent(new CustomEvent("again", { detail: card.request }))
    if (action === "prove") this.dispatchEvent(new CustomEvent("again", { detail: card.proof }))
    if (action === "copy") this.copy(card)
    if (action === "unfold") card.unfold()
  }
}
