// The list of answers, newest first: hands each event to its card and tells what is going on.
import { show } from "../plain/written.js"
import { AnswerCard } from "./answer_card.js"
import { CardList } from "./card_list.js"
import { inLineWords, waitingWords } from "./card_words.js"
import { checkOf } from "./check.js"
import { Reading } from "./reading.js"

const TICK_MS = 1000
const ANSWERED = { reason: "stop", timings: null, error: null }
const CONNECTION_LOST = "The answer broke off: connection lost."

// Tells "change" when what runs changes, or what stands in the list; "ended" with the card of an answer that did,
// "found" with a card at each of its places, "finished" with what a listener should hear, "copied", "again" with a
// request, "stop" with an id, and "more" with { card, button } when somebody asks what else can be done with it.
export class Answers extends EventTarget {
  #template
  #empty
  #cards
  #reading
  #opened = new Map()
  #isModelReady = false
  #hasOthers = false

  // empty: what stands there while nothing was asked.
  constructor({ list, template, empty }) {
    super()
    this.#template = template
    this.#empty = empty
    this.#cards = new CardList(list, template)
    this.#reading = new Reading(list, () => this.#cards.newest)
    list.addEventListener("click", (event) => this.#clicked(event))
    setInterval(() => this.#cards.running.forEach((card) => card.tick()), TICK_MS)
  }

  // The furthest that any running answer has come: "answering", "looking", "waiting" or null.
  get activity() {
    return furthest(this.#cards.running)
  }

  // The same without what programs ask: for that nobody waits here.
  get ownActivity() {
    return furthest(this.#cards.running.filter((card) => !card.isOfProgram))
  }

  // Those that stand in the list.
  get ids() {
    return this.#cards.ids
  }

  // The card in which the focus is.
  get focused() {
    return this.#cards.focused
  }

  set isModelReady(isReady) {
    this.#isModelReady = isReady
    this.#showEmpty()
  }

  // Whether there are answers beside those in the list.
  set hasOthers(hasOthers) {
    this.#hasOthers = hasOthers
    this.#showEmpty()
  }

  // Those with these ids are seen alone; null for all.
  set only(ids) {
    this.#cards.only = ids
  }

  // Of those that are chosen to be asked about together, by their ids.
  set letters(letters) {
    this.#cards.letters = letters
  }

  find(id) {
    return this.#cards.find(id)
  }

  // The card that an element is part of.
  holding(element) {
    return this.#cards.holding(element)
  }

  // Whoever reads elsewhere stays there while programs ask.
  add(request) {
    this.#cards.newest?.fold()
    const card = this.#cards.add(request)
    if (!this.#isModelReady) card.say(waitingWords(this.#cards.running.length))
    if (!card.isOfProgram || this.#reading.isHere) this.#reading.goTo(card)
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
    const card = this.add(request)
    card.finish({ ...ANSWERED, ...answer })
    this.#changed()
    this.#tell("ended", card)
  }

  // Puts an answer of before where it belongs by its time.
  place(request, outcome) {
    if (this.find(request.id)) return
    this.#cards.place(request).restore(outcome)
    this.#changed()
  }

  // Returns whether there is such a card.
  goTo(id) {
    const card = this.find(id)
    if (card) this.#reading.goTo(card)
    card?.focus()
    return card !== undefined
  }

  // Takes a card out; item: what stands in its place, if anything.
  remove(id, item = null) {
    const card = this.find(id)
    if (!card) return
    if (item) card.item.before(item)
    this.#cards.remove(card)
    this.#changed()
  }

  // Something that is no answer, before them all.
  putFirst(item) {
    this.#cards.putFirst(item)
  }

  // One more sentence about an answer that stands here.
  note(id, sentence) {
    this.find(id)?.note(sentence)
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
    const words = this.#isModelReady ? inLineWords(position, expectedMs) : waitingWords(position)
    this.#running(id)?.say(words)
  }

  started({ id }) {
    this.#running(id)?.begin()
    this.#settle()
  }

  reasoning({ id, text, spans }) {
    this.#advance(id, (card) => card.think({ text, spans }))
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
    const card = this.#running(response.id)
    if (!card) return
    card.finish(response)
    this.#tell("ended", card)
    if (response.reason === "stop") this.#check(card)
    this.#settle()
    if (!card.isOfProgram) this.#tell("finished", response.error ?? (card.spoken || "Stopped."))
  }

  connectionLost() {
    for (const card of this.#cards.running) {
      card.fail(CONNECTION_LOST)
      this.#tell("ended", card)
      this.#settle()
      this.#tell("finished", CONNECTION_LOST)
    }
  }

  copyNewest() {
    if (this.#cards.newestAsked?.text) this.#copy(this.#cards.newestAsked)
  }

  askNewestAgain() {
    if (this.#cards.newestAsked) this.#tell("again", this.#cards.newestAsked.request)
  }

  step(direction) {
    return this.#cards.step(direction)
  }

  #running(id) {
    const card = this.find(id)
    return card?.isRunning ? card : null
  }

  #advance(id, step) {
    const card = this.#running(id)
    if (!card) return
    const before = card.activity
    step(card)
    this.#reading.follow()
    if (card.activity !== before) this.#changed()
  }

  // What was found is what another answer claims, or is not.
  #check({ request: { proves }, places }) {
    const claim = proves && this.find(proves.id)
    const check = claim && checkOf(proves.kind, claim.text, places.length)
    if (!check) return
    claim.showCheck(check)
    this.#tell("ended", claim)
    this.#tell("finished", check.words)
  }

  #settle() {
    this.#changed()
    this.#reading.follow()
  }

  #changed() {
    this.#showEmpty()
    this.#tell("change")
  }

  #showEmpty() {
    show(this.#empty, this.#cards.size === 0 && !this.#hasOthers && this.#isModelReady)
  }

  async #copy(card) {
    await card.copy()
    this.#tell("copied")
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }

  #clicked({ target }) {
    const button = target.closest("[data-action]")
    const opened = [...this.#opened.values()].find(({ element }) => element.contains(target))
    const card = this.#cards.holding(target) ?? opened
    if (!button || !card) return
    const { request } = card
    const actions = {
      stop: () => {
        card.stop()
        this.#tell("stop", request.id)
      },
      again: () => this.#tell("again", request),
      prove: () => this.#tell("again", proofFor(request)),
      copy: () => this.#copy(card),
      unfold: () => card.unfold(),
      more: () => this.#tell("more", { card, button }),
    }
    actions[button.dataset.action]?.()
  }
}

function proofFor({ id, proof: { kind, ...asked }, frame }) {
  return { ...asked, frame, proves: { id, kind } }
}

function furthest(running) {
  const activities = running.map((card) => card.activity)
  return ["answering", "looking", "waiting"].find((activity) => activities.includes(activity)) ?? null
}
