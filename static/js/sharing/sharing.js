// Letting programs look: off at every start, and while it is on, a sign that says so and each look told.
import { Refusal } from "../plain/refusal.js"

const ON = "Programs may look. Each look gets a card."
const OFF = "Programs may not look any more."
const WHILE_ON = "On this computer, until you turn it off or close the page. Each look gets a card."
const NOTHING_TO_SEE = "There is nothing to look at: turn on a camera or choose a picture first."
// A program may look five times a second; to those who listen that is said now and then.
const SAID_INTERVAL_MS = 5000

// Tells "switched", "left" when a sign was turned off and the focus with it, "looked" with { asked, frame } of each
// look that was granted, "shown" with what a program gets for it, { id, frame } or { id, reason }, and "said" with
// what a listener should hear.
// reason: "off", "hidden" where the browser brings no pictures to a tab that nobody sees, or "blind".
export class Sharing extends EventTarget {
  #toggle
  #note
  #signs
  #source
  #isOn = false
  #saidAt = 0

  // toggle: the switch, note: what it means or why it cannot be turned on; signs: each with a button that turns it
  // off, one is seen at each width. source: what is looked at: { canSee, isThere, isFed, takeFrame }.
  constructor({ toggle, note, signs, source }) {
    super()
    this.#toggle = toggle
    this.#note = note
    this.#signs = signs
    this.#source = source
    toggle.addEventListener("click", () => this.#toggled())
    for (const sign of signs) sign.querySelector("button").addEventListener("click", () => this.#turnedOff())
    this.follow()
  }

  get isOn() {
    return this.#isOn
  }

  // Another source is looked at, or none. What is gone for good is shared no more, whatever comes after it.
  follow() {
    if (this.#isOn && !this.#source.isThere) this.#switch(false)
    this.#render()
  }

  // A program wants to look: asked: { id, skill, question or object }.
  async look(asked) {
    const { id } = asked
    try {
      const { frame, reason } = await this.#see()
      if (frame) {
        this.#tell("looked", { asked, frame })
        this.#sayNowAndThen(asked)
      }
      this.#tell("shown", { id, frame, reason })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#tell("shown", { id, reason: "blind" })
    }
  }

  async #see() {
    if (!this.#isOn) return { reason: "off" }
    if (!await this.#source.isFed()) return { reason: "hidden" }
    const frame = await this.#source.takeFrame()
    // It may have been turned off meanwhile.
    if (!this.#isOn) return { reason: "off" }
    return frame ? { frame } : { reason: "blind" }
  }

  #toggled() {
    if (this.#isOn || this.#source.canSee) this.#switch(!this.#isOn)
    else this.#tell("said", NOTHING_TO_SEE)
  }

  #turnedOff() {
    this.#switch(false)
    this.#tell("left")
  }

  #switch(isOn) {
    this.#isOn = isOn
    this.#render()
    this.#tell("switched")
    this.#tell("said", isOn ? ON : OFF)
  }

  #render() {
    const canTurn = this.#isOn || this.#source.canSee
    this.#toggle.setAttribute("aria-checked", String(this.#isOn))
    this.#toggle.setAttribute("aria-disabled", String(!canTurn))
    this.#note.textContent = canTurn ? WHILE_ON : NOTHING_TO_SEE
    for (const sign of this.#signs) sign.hidden = !this.#isOn
  }

  #sayNowAndThen({ question, object }) {
    if (Date.now() - this.#saidAt < SAID_INTERVAL_MS) return
    this.#saidAt = Date.now()
    const words = question ?? object
    this.#tell("said", words ? `A program asks: ${words}` : "A program looks.")
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
