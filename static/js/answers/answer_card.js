// One answer as a card: the frame it is about, what was asked, and the words or places as they come.
import { copyBy } from "../plain/clipboard.js"
import { showPhase } from "../plain/moon.js"
import { CardFoot } from "./card_foot.js"
import { CardFrame } from "./card_frame.js"
import { askedWords, endingOf, stateWords } from "./card_words.js"
import { fold, unfold } from "./folding.js"
import { Thought } from "./thought.js"

const PHASE_LOOKING = 0.25
const PHASE_ANSWERING = 0.6

// request: { id, title, object, isFinding, proof, frame: { blob, width, height, takenAt } }, spatialRefs where it speaks
// of places, closer in its frame where that is a part of a picture, { area, whole }, askedAt where it was asked before
// now, and alert where a rule told of it; program, what a program did, where one asked, and isLook where it asked
// nothing.
// proof: what a count can be checked with, asked about the same frame; its `words` say so. Else null.
// alert: { words, told }: what made it sure, and how it was told.
export class AnswerCard {
  #request
  #item
  #card
  #frame
  #foot
  #text = ""
  // As the card has it: asked of 200 cards at each word, it costs less here.
  #state = "waiting"
  #askedAt
  #firstWordMs = null
  #isStopped = false
  #begunAt = null
  #reasoning = null
  #outcome = null

  constructor(template, request) {
    this.#request = request
    this.#askedAt = request.askedAt ?? Date.now()
    this.#item = template.content.firstElementChild.cloneNode(true)
    this.#card = this.#item.firstElementChild
    this.#frame = new CardFrame(this.#card, request)
    this.#foot = new CardFoot(this.#card)
    this.#card.classList.toggle("card--finding", this.#hasLargeFrame)
    this.#card.classList.toggle("card--alert", request.alert !== undefined)
    this.#card.classList.toggle("card--program", this.isOfProgram)
    this.#part("foot").hidden = request.isLook === true
    this.#part("question").textContent = request.title
    this.#part("prove").textContent = request.proof?.words ?? ""
    this.tick()
  }

  get request() {
    return this.#request
  }

  get askedAt() {
    return this.#askedAt
  }

  // How it ended, with all that `restore` needs; null before.
  get outcome() {
    return this.#outcome
  }

  get isOfProgram() {
    return this.#request.program !== undefined
  }

  get item() {
    return this.#item
  }

  // The card itself, without its place in a list.
  get element() {
    return this.#card
  }

  get frame() {
    return this.#part("frame")
  }

  // As it was answered, whatever a browser made of it.
  get text() {
    return this.#text
  }

  get places() {
    return this.#frame.places
  }

  // What a listener hears at the end.
  get spoken() {
    return [this.text, this.#frame.placesWords].filter(Boolean).join(" ")
  }

  get isRunning() {
    return this.#state === "waiting" || this.#state === "streaming"
  }

  // "waiting", "looking" or "answering" while it runs.
  get activity() {
    if (this.#state === "waiting") return "waiting"
    return this.#firstWordMs === null ? "looking" : "answering"
  }

  focus() {
    this.#card.focus()
  }

  reveal() {
    this.#part("question").scrollIntoView({ block: "nearest" })
    this.revealEnd()
  }

  // What comes last in it; where the frame is large, the words about it.
  revealEnd() {
    const ends = this.#hasLargeFrame ? ["message", "answer", "state"] : ["foot"]
    const end = ends.map((name) => this.#part(name)).find((part) => part.checkVisibility())
    end?.scrollIntoView({ block: "nearest" })
  }

  // Until something better is to be said of it.
  say(sentence) {
    this.#part("message-words").textContent = sentence
    this.#card.toggleAttribute("data-message", sentence !== "")
  }

  begin() {
    this.say("")
    this.#begunAt = Date.now()
    this.#become("streaming")
  }

  // What came before the first word: { text, spans }.
  think(reasoning) {
    this.#showThought({ ...reasoning, ms: Date.now() - this.#begunAt })
  }

  add(words) {
    this.#showFirst("First word")
    this.#text += words
    this.#part("text").append(words)
    this.#card.toggleAttribute("data-text", this.#text !== "")
    this.tick()
  }

  find(place) {
    this.#showFirst("First found")
    this.#frame.show([...this.places, place])
    this.tick()
  }

  // The last event of a request; spent: what it took of another server, { usage, timings }, where one answers.
  finish({ text, places, reason, timings, error, spent }) {
    if (error) return this.fail(error)
    if (this.#isFinding) this.#frame.show(places ?? this.places)
    const { alert } = this.#request
    this.#write(alert?.words ?? (this.#isFinding ? this.#foundWords(reason) : text))
    this.say(alert?.told ?? this.#ending(reason))
    this.#part("prove").hidden = this.#request.proof === null || reason !== "stop"
    this.#foot.show({ reason, timings, spent }, this.#isFinding, this.#timeAtFoot)
    this.#end({ reason, timings, error: null, spent: spent ?? null })
    this.#become(reason === "cancelled" || reason === "replaced" ? "stopped" : "done")
  }

  // An answer of another day, as it ended then.
  restore(outcome) {
    this.#write(this.#isFinding ? "" : outcome.text)
    if (outcome.error) this.#frame.show(outcome.places)
    if (outcome.reasoning) this.#showThought(outcome.reasoning)
    this.finish(outcome)
    this.showCheck(outcome.check)
    this.fold()
  }

  // A person stops it; a program that leaves ends its question in the same way.
  stop() {
    this.#isStopped = true
  }

  fail(sentence) {
    if (this.#isFinding) this.#write(this.#foundWords("error"))
    this.say(sentence)
    this.#foot.clear()
    this.#end({ reason: "error", timings: null, error: sentence, spent: null })
    this.#become("failed")
  }

  // Those parts in which words can be found.
  get readable() {
    return ["question", "text"].map((name) => this.#part(name))
  }

  note(sentence) {
    this.#card.toggleAttribute("data-message", true)
    this.#part("message-words").append(` ${sentence}`)
  }

  fold() {
    if (!this.isRunning) fold(this.#card)
  }

  unfold() {
    unfold(this.#card)
  }

  // What came of it when the claim was checked, as checkOf has it; null for nothing.
  showCheck(check) {
    if (!check) return
    this.#outcome = { ...this.#outcome, check }
    this.#part("check-words").textContent = check.words
    this.#part("check").dataset.state = check.isSo ? "so" : "doubtful"
    this.#part("check").hidden = false
    this.#part("prove").hidden = true
  }

  async copy() {
    await copyBy(this.#part("copy"), this.text)
  }

  tick() {
    this.#part("state-words").textContent = this.#stateWords()
    const phase = this.activity === "looking" ? PHASE_LOOKING : PHASE_ANSWERING
    if (this.#state === "streaming") showPhase(this.#card.querySelector(".moon"), phase)
  }

  close() {
    this.#frame.close()
    this.#card.remove()
    this.#item.remove()
  }

  get #isFinding() {
    return this.#request.isFinding
  }

  get #hasLargeFrame() {
    return this.#isFinding || this.#request.alert !== undefined
  }

  // The whole answer. Where it stands already, word by word, a reader's selection is left alone; what a
  // browser translated piece by piece is given to it once more as a whole.
  #write(text) {
    const part = this.#part("text")
    if (!text || (text === this.#text && part.childElementCount === 0)) return
    this.#text = text
    part.textContent = text
    this.#card.toggleAttribute("data-text", true)
  }

  #ending(reason) {
    return endingOf(reason, { hasLeft: this.isOfProgram && !this.#isStopped })
  }

  #end(how) {
    const reasoning = this.#reasoning && { reasoning: this.#reasoning }
    this.#outcome = { text: this.#text, places: this.places, ...reasoning, ...how }
  }

  // Only a search that came to its end can say that there is nothing.
  #foundWords(reason) {
    return this.places.length > 0 || reason === "stop" ? this.#frame.foundWords : ""
  }

  // Find and Point give the line of the state to the answer: the time of day stands at the foot.
  get #timeAtFoot() {
    return this.#isFinding && !this.isOfProgram ? askedWords(this.#request, this.#askedAt) : ""
  }

  #showThought(reasoning) {
    this.#reasoning = reasoning
    new Thought(this.#card.querySelector(".thought"), (points) => this.#frame.light(points)).show(reasoning)
  }

  #showFirst(what) {
    if (this.#firstWordMs !== null) return
    this.#firstWordMs = Date.now() - this.#askedAt
    this.#foot.showFirst(what, this.#firstWordMs)
  }

  #part(name) {
    return this.#card.querySelector(`.card__${name}`)
  }

  #become(state) {
    const hadFocus = this.#card.contains(document.activeElement)
    this.#state = state
    this.#card.dataset.state = state
    if (hadFocus && document.activeElement.checkVisibility?.() === false) this.focus()
    this.tick()
  }

  #stateWords() {
    return stateWords(this.#request, this.isRunning ? this.activity : null, this.#askedAt, this.places.length)
  }
}
