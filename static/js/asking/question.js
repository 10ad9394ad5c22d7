// The question line: its text, its skill, the Ask and Stop buttons, and what could be asked.
import { objectOf, readCommand } from "../plain/command.js"
import { Offer } from "./offer.js"
import { ASK, COMMANDS, SKILLS } from "./skills.js"
import { Suggestions } from "./suggestions.js"

const LEFT_SHOWN_PART = 0.1
const KEEPS_LOOKING = "Enter keeps looking with this question."
const CANNOT_ASK = "You can keep typing. Asking needs a picture and a connection."

// Tells "ask" with { skill, question or object }, "ask-once" with the same where another question is kept
// answered, "stop", "typed" with every change by hand, and "refused" with the sentence that says why nothing
// was asked.
export class Question extends EventTarget {
  #form
  #text
  #ask
  #stop
  #note
  #once
  #suggestions
  #maxChars
  #offer = new Offer()
  #writtenFor = ASK
  #isAskable = false
  #isAnswering = false
  #trouble = ""
  #asked = null
  #kept = null
  #last = { question: "", object: "" }
  #drafts = { question: "", object: "" }

  // once: what is offered while another question is kept; maxChars: { question, object }.
  constructor({ form, text, ask, stop, note, once, suggestions, maxChars }) {
    super()
    this.#form = form
    this.#text = text
    this.#ask = ask
    this.#stop = stop
    this.#note = note
    this.#once = once
    this.#suggestions = new Suggestions(suggestions)
    this.#maxChars = maxChars
    form.addEventListener("submit", (event) => this.#submitted(event))
    form.addEventListener("change", (event) => event.target.name === "skill" && this.#skillChanged())
    text.addEventListener("input", () => this.#typed())
    text.addEventListener("keydown", (event) => this.#keyPressed(event))
    stop.addEventListener("click", () => this.dispatchEvent(new Event("stop")))
    once.addEventListener("click", () => this.#tellAsked("ask-once"))
    this.#suggestions.addEventListener("choose", ({ detail }) => this.#suggested(detail))
    this.offer()
  }

  get skill() {
    return this.#form.elements.skill.value
  }

  set skill(skill) {
    if (skill === this.skill) return
    this.#form.elements.skill.value = skill
    this.#skillChanged()
  }

  focus() {
    this.#text.focus({ preventScroll: true })
  }

  // On a touch screen the focus would bring up the keyboard, over the picture.
  focusUnlessTouch() {
    if (!matchMedia("(pointer: coarse)").matches) this.focus()
  }

  // Clears the line, then leaves it. Returns whether there was anything to do.
  retreat() {
    if (!this.#hasFocus) return false
    if (this.#isEmpty) this.#text.blur()
    else this.#write("")
    return true
  }

  // offer: as `Offer` takes it, of the model that answers.
  offer(offer) {
    this.#offer = new Offer(offer)
    for (const radio of this.#form.elements.skill) radio.parentElement.hidden = !this.offers(radio.value)
    if (!this.offers(this.skill)) this.skill = ASK
    this.#suggestions.show(this.#offer.suggestions)
    this.#render()
  }

  offers(skill) {
    return this.#offer.has(skill)
  }

  // Chooses the first, second … skill of those that are offered.
  chooseSkill(nth) {
    this.skill = this.#offer.nth(nth) ?? this.skill
  }

  allow(isAskable) {
    this.#isAskable = isAskable
    this.#render()
  }

  // activity: "waiting", "looking" or "answering"; null when nothing is asked.
  showActivity(activity) {
    this.#isAnswering = activity === "looking" || activity === "answering"
    this.#render()
  }

  // What stands in the line is kept answered from now on, or nothing is.
  showKept(isKept) {
    this.#kept = isKept ? this.#wanted : null
    if (isKept && this.#hasFocus) this.#text.select()
    this.#render()
  }

  // What is asked by now, to be kept answered: { skill, question or object }, null where nothing can be, which is
  // then said. An empty line takes the first suggestion.
  wantedNow() {
    if (this.#takes === "question" && this.#text.value.trim() === "") {
      const { skill, question } = this.#offer.suggestions[0]
      this.skill = skill
      if (question) this.#write(question)
    }
    return this.#read()
  }

  // The question stays, selected: typing replaces it, Enter asks it about what is seen by then.
  keepSelected() {
    this.#asked = this.#wanted
    this.focusUnlessTouch()
    if (this.#hasFocus) this.#text.select()
    this.#render()
  }

  warn(sentence) {
    this.#trouble = sentence
    this.#render()
    this.dispatchEvent(new CustomEvent("refused", { detail: sentence }))
  }

  refuse() {
    this.warn(CANNOT_ASK)
  }

  #submitted(event) {
    event.preventDefault()
    this.#tellAsked("ask")
  }

  #tellAsked(name) {
    const asked = this.#read()
    if (asked) this.dispatchEvent(new CustomEvent(name, { detail: asked }))
  }

  // What the line asks, null where it cannot be asked, which is then said.
  #read() {
    const words = this.#text.value.trim()
    const isMissing = words === "" && this.#takes !== null
    if (isMissing) this.focus()
    else if (!this.#isAskable) this.refuse()
    else if (this.#charsLeft() < 0) this.warn(this.#tooLong())
    if (isMissing || !this.#isAskable || this.#charsLeft() < 0) return null
    this.#trouble = ""
    if (this.#takes) this.#last[this.#takes] = words
    return this.#asking(words)
  }

  // "Find the mug" is written where questions are, and still found rather than answered.
  #asking(words) {
    const { skill } = this
    if (!this.#takes) return { skill }
    if (this.#takes === "object") return { skill, object: objectOf(words) }
    const asked = readCommand(words, COMMANDS, this.#maxChars.object)
    return asked && this.offers(asked.skill) ? asked : { skill, question: words }
  }

  #keyPressed(event) {
    // While an input method composes, Enter chooses a word; Safari says so only by this key code.
    if (event.isComposing || event.keyCode === 229) return
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault()
      if (event.repeat) return
      if (event.ctrlKey) this.#tellAsked("ask-once")
      else this.#form.requestSubmit()
    }
    const last = this.#last[this.#takes ?? "question"]
    if (event.key === "ArrowUp" && this.#isEmpty && last) {
      event.preventDefault()
      if (!this.#takes) this.skill = ASK
      this.#write(last)
    }
  }

  #typed() {
    this.#trouble = ""
    if (!this.#isEmpty && !this.#takes) {
      this.#drafts.question = this.#text.value
      this.skill = ASK
    }
    this.#grow()
    this.#render()
    if (!this.#isEmpty) this.dispatchEvent(new Event("typed"))
  }

  // The words written so far wait for their own kind of skill to come back.
  #skillChanged() {
    const tookBefore = SKILLS[this.#writtenFor].takes
    if (tookBefore) this.#drafts[tookBefore] = this.#text.value
    this.#writtenFor = this.skill
    const { verb, takes, label, placeholder } = SKILLS[this.skill]
    this.#text.placeholder = placeholder
    this.#text.labels[0].textContent = label
    this.#ask.querySelector(".plate__label").textContent = verb
    this.#write(takes ? this.#drafts[takes] : "")
  }

  #suggested({ skill, question }) {
    this.skill = skill
    if (question) this.#write(question)
    if (this.#isAskable) this.#form.requestSubmit()
    else this.focus()
  }

  #write(words) {
    // Writing the same words again would disturb an input method at work.
    if (this.#text.value !== words) this.#text.value = words
    this.#trouble = ""
    this.#grow()
    this.#render()
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return
    this.#text.style.blockSize = "auto"
    const { scrollHeight, offsetHeight, clientHeight } = this.#text
    this.#text.style.blockSize = `${scrollHeight + offsetHeight - clientHeight}px`
  }

  get #isEmpty() {
    return this.#text.value === ""
  }

  get #hasFocus() {
    return document.activeElement === this.#text
  }

  // The kind of words that the skill needs, null when it needs none.
  get #takes() {
    return SKILLS[this.skill].takes
  }

  get #wanted() {
    return `${this.skill} ${this.#text.value}`
  }

  // Whether another question than this one is kept answered.
  get #isOther() {
    return this.#kept !== null && this.#kept !== this.#wanted
  }

  get #limit() {
    return this.#maxChars[this.#takes ?? "question"]
  }

  #charsLeft() {
    return this.#limit - [...this.#text.value.trim()].length
  }

  #tooLong() {
    return `${-this.#charsLeft()} characters too many.`
  }

  #noteWords() {
    if (this.#trouble) return this.#trouble
    if (this.#charsLeft() < 0) return this.#tooLong()
    if (this.#charsLeft() <= LEFT_SHOWN_PART * this.#limit) return `${this.#charsLeft()} left`
    if (!this.#isAskable && this.#text.value.trim()) return CANNOT_ASK
    return this.#isOther && (!this.#isEmpty || !this.#takes) ? KEEPS_LOOKING : this.#offer.note
  }

  #render() {
    const words = this.#noteWords()
    this.#note.textContent = words
    this.#note.hidden = words === ""
    this.#once.hidden = words !== KEEPS_LOOKING
    this.#note.dataset.state = (this.#trouble && this.#trouble !== CANNOT_ASK) || this.#charsLeft() < 0 ? "trouble" : ""
    this.#suggestions.hidden = words !== ""
    this.#ask.setAttribute("aria-disabled", String(!this.#isAskable || this.#charsLeft() < 0))
    const isStop = (this.#isAnswering && this.#wanted === this.#asked) || this.#wanted === this.#kept
    const hadFocus = document.activeElement === this.#ask || document.activeElement === this.#stop
    this.#ask.hidden = isStop
    this.#stop.hidden = !isStop
    if (hadFocus) (isStop ? this.#stop : this.#ask).focus({ preventScroll: true })
  }
}
