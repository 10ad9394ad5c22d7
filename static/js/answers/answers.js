// The list of answers, newest first: hands each event to its card and tells what is going on.
import { AnswerCard } from "./answer_card.js"

const MAX_CARDS = 200
// Programs do not tire: theirs must not push out what a person asked.
const MAX_PROGRAM_CARDS = 50
const TICK_MS = 1000
// Browsers round where they scroll to.
const STILL_HERE_PX = 2
const ANSWERED = { reason: "stop", timings: null, error: null }
const CONNECTION_LOST = "The answer broke off: connection lost."

// Tells "change" when what runs changes, "found" with a card at each of its places, "finished" with
// what a listener should hear, "copied", "again" with a request and "stop" with an id.
export class Answers extends EventTarget {
  #list
  #scroller
  #template
  #count
  #empty
  #cards = new Map()
  #opened = new Map()
  #leftAt = []
  #isModelReady = false

  // empty: what stands there while nothing was asked.
  constructor({ list, template, count, empty }) {
    super()
    this.#list = list
    this.#scroller = list.parentElement
    this.#template = template
    this.#count = count
    this.#empty = empty
    list.addEventListener("click", (event) => this.#clicked(event))
    new ResizeObserver(() => this.#follow()).observe(this.#scroller)
    setInterval(() => this.#running().forEach((card) => card.tick()), TICK_MS)
  }

  // The furthest that any running answer has come: "answering", "looking", "waiting" or null.
  get activity() {
    return furthest(this.#running())
  }

  // The same without what programs ask: for that nobody waits here.
  get ownActivity() {
    return furthest(this.#running().filter((card) => !card.isOfProgram))
  }

  set isModelReady(isReady) {
    this.#isModelReady = isReady
    this.#showEmpty()
  }

  // Whoever reads elsewhere stays there while programs ask.
  add(request) {
    this.#newest?.fold()
    const card = new AnswerCard(this.#template, request)
    this.#cards.set(request.id, card)
    const mayMove = !card.isOfProgram || this.#isHere
    this.#place(card.item)
    this.#trim()
    if (!this.#isModelReady) card.waitForModel(this.#running().length)
    if (mayMove) this.#show(card)
    this.#changed()
    return card
  }

  // What a program asks about a frame, or that it looked and asked nothing.
  addOfProgram(request) {
    if (request.isLook) this.addAnswered(request, { text: "" })
    else this.add(request)
  }

  // Takes in what was answered elsewhere, as an answer of now: { text, places }.
  addAnswered(request, answer) {
    this.add(request).finish({ ...ANSWERED, ...answer })
    this.#changed()
  }

  // One more sentence about an answer that stands here.
  note(id, sentence) {
    this.#cards.get(id)?.note(sentence)
  }

  // Makes the card of what was answered elsewhere, which its owner places and closes: { item, close }.
  open(request, answer) {
    const card = new AnswerCard(this.#template, request)
    card.finish({ ...ANSWERED, ...answer })
    this.#opened.set(request.id, card)
    const close = () => {
      this.#opened.delete(request.id)
      card.close()
    }
    return { item: card.element, close }
  }

  waiting({ id, position, expectedMs }) {
    const card = this.#runningCard(id)
    if (this.#isModelReady) card?.waitInLine(position, expectedMs)
    else card?.waitForModel(position)
  }

  started({ id }) {
    this.#runningCard(id)?.begin()
    this.#changed()
    this.#follow()
  }

  token({ id, text }) {
    this.#advance(id, (card) => card.add(text))
  }

  found({ id, place }) {
    this.#advance(id, (card) => {
      card.find(place)
      this.#tell("found", card)
    })
  }

  response(response) {
    const card = this.#runningCard(response.id)
    if (!card) return
    card.finish(response)
    if (card.isOfProgram) return this.#settle()
    this.#finished(response.error ?? (card.spoken || "Stopped."))
  }

  connectionLost() {
    for (const card of this.#running()) {
      card.fail(CONNECTION_LOST)
      this.#finished(CONNECTION_LOST)
    }
  }

  copyNewest() {
    if (this.#newestAsked?.text) this.#copy(this.#newestAsked)
  }

  askNewestAgain() {
    if (this.#newestAsked) this.#tell("again", this.#newestAsked.request)
  }

  // Moves the focus one card down (1) or up (-1); from elsewhere to the first. False where there is none.
  step(direction) {
    const cards = [...this.#list.querySelectorAll(".card")]
    const current = cards.findIndex((card) => card.contains(document.activeElement))
    const next = cards[current < 0 ? 0 : current + direction]
    next?.focus()
    return next !== undefined
  }

  // Where the reader is: the list scrolls, or the page does.
  get #position() {
    return [this.#scroller.scrollTop, window.scrollY]
  }

  get #isHere() {
    return this.#position.every((at, index) => Math.abs(at - this.#leftAt[index]) < STILL_HERE_PX)
  }

  #show(card) {
    this.#scroller.scrollTo({ top: 0 })
    card.reveal()
    this.#leftAt = this.#position
  }

  // The end of the newest answer stays in sight as it grows, until the reader goes elsewhere.
  #follow() {
    if (!this.#isHere) return
    this.#newest?.revealEnd()
    this.#leftAt = this.#position
  }

  // What is pinned stays first.
  #place(item) {
    const pinned = this.#list.querySelector(":scope > [data-pinned]")
    if (pinned) pinned.after(item)
    else this.#list.prepend(item)
  }

  get #newest() {
    return [...this.#cards.values()].at(-1)
  }

  // A look of a program has neither question nor answer.
  get #newestAsked() {
    return [...this.#cards.values()].findLast(({ request }) => !request.isLook)
  }

  // The oldest go, those of programs sooner.
  #trim() {
    const cards = [...this.#cards.values()]
    const ofPrograms = cards.filter((card) => card.isOfProgram)
    if (ofPrograms.length > MAX_PROGRAM_CARDS) this.#remove(ofPrograms[0])
    else if (cards.length > MAX_CARDS) this.#remove(cards[0])
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
    this.#follow()
    if (card.activity !== before) this.#changed()
  }

  #remove(card) {
    this.#cards.delete(card.request.id)
    card.close()
  }

  #finished(sentence) {
    this.#settle()
    this.#tell("finished", sentence)
  }

  #settle() {
    this.#changed()
    this.#follow()
  }

  #changed() {
    this.#count.textContent = this.#cards.size || ""
    this.#showEmpty()
    this.#tell("change")
  }

  #showEmpty() {
    this.#empty.hidden = this.#cards.size > 0 || !this.#isModelReady
  }

  async #copy(card) {
    await card.copy()
    this.#tell("copied")
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }

  #clicked(event) {
    const action = event.target.closest("[data-action]")?.dataset.action
    const cards = [...this.#cards.values(), ...this.#opened.values()]
    const card = cards.find(({ element }) => element.contains(event.target))
    if (!card) return
    if (action === "stop") {
      card.stop()
      this.#tell("stop", card.request.id)
    }
    if (action === "again") this.#tell("again", card.request)
    if (action === "prove") this.#tell("again", { ...card.request.proof, frame: card.request.frame })
    if (action === "copy") this.#copy(card)
    if (action === "unfold") card.unfold()
  }
}

function furthest(running) {
  const activities = running.map((card) => card.activity)
  return ["answering", "looking", "waiting"].find((activity) => activities.includes(activity)) ?? null
}
