// One answer as a card: the frame it is about, the question, and the words as they come.
import { showPhase } from "./moon.js"
import { age, clock, duration, ordinal } from "./words.js"

const PHASE_LOOKING = 0.25
const PHASE_ANSWERING = 0.6
const COPIED_SHOWN_MS = 1500

const ENDINGS = {
  cancelled: "You stopped it here.",
  replaced: "A newer one took its place.",
  length: "Stopped at the length limit.",
}

// request: { id, skill, question, frame: { blob, width, height, takenAt } }
export class AnswerCard {
  #request
  #item
  #card
  #frameUrl
  #askedAt = Date.now()
  #startedAt = null
  #firstWordMs = null

  constructor(template, request) {
    this.#request = request
    this.#item = template.content.firstElementChild.cloneNode(true)
    this.#card = this.#item.firstElementChild
    this.#frameUrl = URL.createObjectURL(request.frame.blob)
    Object.assign(this.frame, { src: this.#frameUrl, width: request.frame.width, height: request.frame.height })
    this.#part("question").textContent = request.question
    this.tick()
  }

  get request() {
    return this.#request
  }

  get item() {
    return this.#item
  }

  get frame() {
    return this.#part("frame")
  }

  get text() {
    return this.#part("text").textContent
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

  waitForModel(position) {
    const place = position === 1 ? "This is answered first, about this picture." : `${ordinal(position)} in line.`
    this.#say(`Waiting for the model. ${place}`)
  }

  waitInLine(position, expectedMs) {
    const place = position === 1 ? "Next in line" : `${ordinal(position)} in line`
    this.#say(expectedMs ? `${place}, about ${duration(expectedMs)}` : place)
  }

  begin() {
    this.#startedAt = Date.now()
    this.#say("")
    this.#become("streaming")
  }

  add(words) {
    if (this.#firstWordMs === null) {
      this.#firstWordMs = Date.now() - this.#askedAt
      this.#part("total").textContent = `First word after ${duration(this.#firstWordMs)}`
    }
    this.#part("text").append(words)
    this.tick()
  }

  // response: as the server sends it, the last event of a request.
  finish({ answer, caption, finish_reason: reason, timings, error }) {
    if (error) return this.fail(error.message)
    const words = answer ?? caption
    if (words && words !== this.text) this.#part("text").textContent = words
    this.#say(ENDINGS[reason] ?? "")
    this.#showTimings(timings)
    this.#become(reason === "cancelled" || reason === "replaced" ? "stopped" : "done")
  }

  fail(sentence) {
    this.#say(sentence)
    this.#part("total").textContent = ""
    this.#become("failed")
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
    await copyText(this.text, this.#part("text"))
    const icon = this.#part("copy").querySelector("use")
    icon.setAttribute("href", "#icon-check")
    setTimeout(() => icon.setAttribute("href", "#icon-copy"), COPIED_SHOWN_MS)
  }

  tick() {
    this.#part("state-words").textContent = this.#stateWords()
    const phase = this.activity === "looking" ? PHASE_LOOKING : PHASE_ANSWERING
    if (this.state === "streaming") showPhase(this.#card.querySelector(".moon"), phase)
  }

  close() {
    URL.revokeObjectURL(this.#frameUrl)
    this.#item.remove()
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
    if (!this.isRunning) return clock(this.#askedAt)
    if (this.state === "waiting") return `Asked ${age(Date.now() - this.#askedAt)} ago`
    if (this.activity === "looking") return "Looking"
    return `Answering · frame ${age(Date.now() - this.#request.frame.takenAt)} old`
  }

  #showTimings(timings) {
    if (!timings) return
    const { queue_ms: inLine, encode_ms: looking, first_token_ms: firstToken, total_ms: total } = timings
    this.#part("total").textContent = duration(total)
    // An answer that was stopped before its first word has nothing to divide.
    if (firstToken === null || firstToken === undefined) return
    const parts = [inLine, looking, Math.max(0, firstToken - inLine - looking), Math.max(0, total - firstToken)]
    const button = this.#card.querySelector(".timings")
    button.hidden = false
    parts.forEach((ms, index) => { button.querySelectorAll("i")[index].style.flexGrow = ms })
    const [line, look, first, writing] = parts.map(duration)
    const words = `${line} in line, ${look} looking, ${first} to the first word, ${writing} writing`
    button.querySelector(".timings__words").textContent = words
    button.setAttribute("aria-label", words)
  }
}

// Where the clipboard is missing (no secure context) or forbidden, the text is selected and copied as if by hand.
async function copyText(text, element) {
  try {
    await navigator.clipboard.writeText(text)
  } catch (error) {
    if (!(error instanceof TypeError) && error.name !== "NotAllowedError") throw error
    getSelection().selectAllChildren(element)
    document.execCommand("copy")
  }
}
