// One answer as a card: the frame it is about, what was asked, and the words or places as they come.
import { copyBy } from "../plain/clipboard.js"
import { Marks } from "../plain/marks.js"
import { showPhase } from "../plain/moon.js"
import { foundWords, placesWords, spokenWords } from "../plain/places.js"
import { spentWords } from "../plain/tokens.js"
import { age, clock, duration, ordinal, span } from "../plain/words.js"
import { partsOf, showTimings } from "./timings.js"

const PHASE_LOOKING = 0.25
const PHASE_ANSWERING = 0.6

const ENDINGS = {
  cancelled: "You stopped it here.",
  replaced: "A newer one took its place.",
  length: "Stopped at the length limit.",
}
const PROGRAM_LEFT = "The program left before the end."

// request: { id, title, object, isFinding, proof, frame: { blob, width, height, takenAt } }, askedAt where it was
// asked before now, and alert where a rule told of it; program, what a program did, where one asked, and isLook where
// it asked nothing.
// proof: what a count can be checked with, asked about the same frame; its `words` say so. Else null.
// alert: { words, told }: what made it sure, and how it was told.
export class AnswerCard {
  #request
  #item
  #card
  #frameUrl
  #marks
  #text = ""
  #places = []
  #askedAt
  #firstWordMs = null
  #isStopped = false

  constructor(template, request) {
    this.#request = request
    this.#askedAt = request.askedAt ?? Date.now()
    this.#item = template.content.firstElementChild.cloneNode(true)
    this.#card = this.#item.firstElementChild
    this.#frameUrl = URL.createObjectURL(request.frame.blob)
    this.#marks = new Marks(this.#card.querySelector(".marks"))
    const { width, height } = request.frame
    Object.assign(this.frame, { src: this.#frameUrl, width, height })
    this.#card.style.setProperty("--frame-ratio", width / height)
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

  // As it was answered: what stands on the page may have been translated.
  get text() {
    return this.#text
  }

  get places() {
    return this.#places
  }

  // What a listener hears at the end.
  get spoken() {
    return spokenWords(this.text, this.#request.object, this.#places)
  }

  get state() {
    return this.#card.dataset.state
  }

  get isRunning() {
    return this.state === "waiting" || this.state === "streaming"
  }

  // "waiting", "looking" or "answering" while it runs.
  get activity() {
    if (this.state === "waiting") return "waiting"
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

  waitForModel(position) {
    const place = position === 1 ? "This is answered first, about this picture." : `${ordinal(position)} in line.`
    this.#say(`Waiting for the model. ${place}`)
  }

  waitInLine(position, expectedMs) {
    const place = position === 1 ? "Next in line" : `${ordinal(position)} in line`
    this.#say(expectedMs ? `${place}, about ${duration(expectedMs)}` : place)
  }

  begin() {
    this.#say("")
    this.#become("streaming")
  }

  add(words) {
    this.#showFirst("First word")
    this.#text += words
    this.#part("text").append(words)
    this.tick()
  }

  find(place) {
    this.#showFirst("First found")
    this.#showPlaces([...this.#places, place])
    this.tick()
  }

  // The last event of a request; spent: what it took of another server, { usage, timings }, where one answers.
  finish({ text, places, reason, timings, error, spent }) {
    if (error) return this.fail(error)
    this.#showSpent(spent)
    if (this.#isFinding) this.#showPlaces(places ?? this.#places)
    const { alert } = this.#request
    this.#write(alert?.words ?? (this.#isFinding ? this.#foundWords(reason) : text))
    this.#say(alert?.told ?? this.#ending(reason))
    this.#part("prove").hidden = this.#request.proof === null || reason !== "stop"
    this.#showTimings(timings, reason)
    this.#become(reason === "cancelled" || reason === "replaced" ? "stopped" : "done")
  }

  // A person stops it; a program that leaves ends its question in the same way.
  stop() {
    this.#isStopped = true
  }

  fail(sentence) {
    if (this.#isFinding) this.#write(this.#foundWords("error"))
    this.#say(sentence)
    this.#part("total").textContent = ""
    this.#become("failed")
  }

  note(sentence) {
    this.#part("message").hidden = false
    this.#part("message-words").append(` ${sentence}`)
  }

  // A long answer is folded once another takes its place at the top.
  fold() {
    if (this.isRunning || this.#part("unfold").dataset.state === "used") return
    this.#card.dataset.folded = ""
    const answer = this.#part("answer")
    if (answer.scrollHeight > answer.clientHeight + 1) this.#part("unfold").hidden = false
    else delete this.#card.dataset.folded
  }

  unfold() {
    delete this.#card.dataset.folded
    Object.assign(this.#part("unfold"), { hidden: true }).dataset.state = "used"
    this.focus()
  }

  async copy() {
    await copyBy(this.#part("copy"), this.text)
  }

  tick() {
    this.#part("state-words").textContent = this.#stateWords()
    const phase = this.activity === "looking" ? PHASE_LOOKING : PHASE_ANSWERING
    if (this.state === "streaming") showPhase(this.#card.querySelector(".moon"), phase)
  }

  close() {
    this.#marks.close()
    URL.revokeObjectURL(this.#frameUrl)
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
  }

  #ending(reason) {
    const hasLeft = reason === "cancelled" && this.isOfProgram && !this.#isStopped
    return hasLeft ? PROGRAM_LEFT : ENDINGS[reason] ?? ""
  }

  // Only a search that came to its end can say that there is nothing.
  #foundWords(reason) {
    const { length: nFound } = this.#places
    return nFound > 0 || reason === "stop" ? foundWords(this.#request.object, nFound) : ""
  }

  #showPlaces(places) {
    this.#places = places
    this.#marks.show(this.#request.object, places)
    const words = placesWords(this.#request.object, places)
    this.#card.querySelector(".marks").setAttribute("aria-label", words)
  }

  #showFirst(what) {
    if (this.#firstWordMs !== null) return
    this.#firstWordMs = Date.now() - this.#askedAt
    this.#part("total").textContent = `${what} after ${duration(this.#firstWordMs)}`
  }

  #part(name) {
    return this.#card.querySelector(`.card__${name}`)
  }

  #say(sentence) {
    this.#part("message-words").textContent = sentence
    this.#part("message").hidden = sentence === ""
  }

  #become(state) {
    const hadFocus = this.#card.contains(document.activeElement)
    this.#card.dataset.state = state
    if (hadFocus && document.activeElement.checkVisibility?.() === false) this.focus()
    this.tick()
  }

  #stateWords() {
    if (this.isOfProgram) {
      return `${this.#request.program} ·\u00a0${this.isRunning ? this.activity : clock(this.#askedAt)}`
    }
    if (!this.isRunning) return clock(this.#askedAt)
    if (this.state === "waiting") return `Asked ${age(Date.now() - this.#askedAt)} ago`
    if (this.activity === "looking") return "Looking"
    const doing = this.#isFinding ? `${this.#places.length} found so far` : "Answering"
    return `${doing} · frame ${age(Date.now() - this.#request.frame.takenAt)} old`
  }

  #showSpent(spent) {
    const words = spent ? spentWords(spent, this.#isFinding) : ""
    this.#part("spent").textContent = words
    this.#part("spent").hidden = words === ""
  }

  #showTimings(timings, reason) {
    if (!timings) return
    // Find and Point give the line of the state to the answer: the time of day stands here.
    const time = this.#isFinding && !this.isOfProgram ? ` · ${clock(this.#askedAt)}` : ""
    this.#part("total").textContent = span(timings.totalMs) + time
    // An answer that was stopped before its first word has nothing to divide.
    const isDivided = reason === "stop" || reason === "length" || typeof timings.firstTokenMs === "number"
    if (isDivided) showTimings(this.#card.querySelector(".timings"), partsOf(timings, this.#isFinding))
  }
}
