// The question line: its text, its skill, the Ask and Stop buttons, and what could be asked.
import { grow } from "../plain/growing.js"
import { show } from "../plain/written.js"
import { askedBy } from "./asked.js"
import { Buttons } from "./buttons.js"
import { CANNOT_ASK, KEEPS_LOOKING, noteWords, showNote, tooLong } from "./note.js"
import { Offer } from "./offer.js"
import { ASK, SKILLS } from "./skills.js"
import { Suggestions } from "./suggestions.js"

// Tells "ask" with { skill, question or object }, "ask-once" with the same where another question is kept answered,
// "stop", "act" with the name of what a suggestion does, "skill" when another one is chosen, "typed" with every change
// by hand, and "refused" with the sentence that says why nothing was asked.
// isReasoning: whether the model shall think before it answers a question.
export class Question extends EventTarget {
  isReasoning = false
  #form
  #skills
  #text
  #buttons
  #note
  #once
  #suggestions
  #maxChars
  #offer = new Offer()
  #writtenFor = ASK
  #isAskable = false
  #about = ""
  #isNow = true
  #mark = null
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
    // To ask a form for them takes a millisecond, each time.
    this.#skills = [...form.elements.skill]
    this.#text = text
    this.#buttons = new Buttons(ask, stop)
    this.#suggestions = new Suggestions(suggestions)
    ;[this.#note, this.#once, this.#maxChars] = [note, once, maxChars]
    form.addEventListener("submit", (event) => this.#submitted(event))
    form.addEventListener("change", (event) => event.target.name === "skill" && this.#skillChanged())
    text.addEventListener("input", () => this.#typed())
    text.addEventListener("keydown", (event) => this.#keyPressed(event))
    stop.addEventListener("click", () => this.dispatchEvent(new Event("stop")))
    once.addEventListener("click", () => this.#tellAsked("ask-once"))
    this.#suggestions.addEventListener("choose", ({ detail }) => this.choose(detail))
    this.offer()
  }

  get skill() {
    return this.#skills.find(({ checked }) => checked).value
  }

  set skill(skill) {
    const isOther = skill !== this.skill
    this.#skills.find(({ value }) => value === skill).checked = true
    if (isOther) this.#skillChanged()
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
    for (const radio of this.#skills) radio.parentElement.hidden = !this.offers(radio.value)
    if (!this.offers(this.skill)) this.skill = ASK
    this.#suggest()
    this.#render()
  }

  // mark: the part of the picture that a question is about, as Pointing has it; null for all of it.
  set mark(mark) {
    const isOther = (mark === null) !== (this.#mark === null)
    this.#mark = mark
    if (mark) this.skill = ASK
    if (!isOther) return
    this.#suggest()
    this.#render()
  }

  offers(skill) {
    return this.#offer.has(skill)
  }

  // Chooses the first, second … skill of those that are offered.
  chooseSkill(nth) {
    this.skill = this.#offer.nth(nth) ?? this.skill
  }

  // isNow: whether a question is about now; about: where it is not, what it is about, as a sentence, or "".
  allow(isAskable, { about, isNow }) {
    this.#isAskable = isAskable
    this.#about = about
    this.#isNow = isNow
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
    const [first] = this.#offer.suggestions
    if (first && this.#takes === "question" && this.#text.value.trim() === "") {
      this.skill = first.skill
      if (first.question) this.#write(first.question)
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

  // Asks or does what was suggested: { skill, question } or { action }.
  choose({ skill, question, action, finds }) {
    if (action) return this.dispatchEvent(new CustomEvent("act", { detail: action }))
    const asked = { skill, question, finds, spatialRefs: [this.#mark] }
    if (finds && this.#isAskable) return this.dispatchEvent(new CustomEvent("ask-once", { detail: asked }))
    this.skill = skill
    if (question) this.#write(question)
    if (this.#isAskable) this.#form.requestSubmit()
    else this.focus()
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
    else if (this.#charsLeft() < 0) this.warn(tooLong(this.#charsLeft()))
    if (isMissing || !this.#isAskable || this.#charsLeft() < 0) return null
    this.#trouble = ""
    if (this.#takes) this.#last[this.#takes] = words
    const { skill, isReasoning } = this
    const offered = { offers: (each) => this.offers(each), maxObjectChars: this.#maxChars.object }
    return askedBy(words, { skill, isReasoning, mark: this.#mark, ...offered })
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
    grow(this.#text)
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
    this.#buttons.verb = verb
    this.#write(takes ? this.#drafts[takes] : "")
    this.dispatchEvent(new Event("skill"))
  }

  #suggest() {
    this.#suggestions.show(this.#mark ? this.#offer.ofMark : this.#offer.suggestions)
  }

  #write(words) {
    // Writing the same words again would disturb an input method at work.
    if (this.#text.value !== words) this.#text.value = words
    this.#trouble = ""
    grow(this.#text)
    this.#render()
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
    return this.#isNow && this.#kept !== null && this.#kept !== this.#wanted
  }

  get #limit() {
    return this.#maxChars[this.#takes ?? "question"]
  }

  #charsLeft() {
    return this.#limit - [...this.#text.value.trim()].length
  }

  #noteWords() {
    const isOther = this.#isOther && (!this.#isEmpty || !this.#takes)
    // What is suggested of a mark says what it is about.
    const about = this.#mark ? "" : this.#about
    return noteWords({
      ...{ trouble: this.#trouble, charsLeft: this.#charsLeft(), limit: this.#limit, isAskable: this.#isAskable },
      ...{ hasWords: this.#text.value.trim() !== "", about, isOther, note: this.#offer.note },
    })
  }

  #render() {
    const words = this.#noteWords()
    showNote(this.#note, words, (this.#trouble && this.#trouble !== CANNOT_ASK) || this.#charsLeft() < 0)
    show(this.#once, words === KEEPS_LOOKING)
    this.#suggestions.hidden = words !== ""
    const isStop = (this.#isAnswering && this.#wanted === this.#asked) || (this.#wanted === this.#kept && this.#isNow)
    this.#buttons.show({ isStop, canAsk: this.#isAskable && this.#charsLeft() >= 0 })
  }
}
