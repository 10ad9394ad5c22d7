// Keeps one question answered: an asker of the loop that wants to look when its pace and its gate say so.
import { foundWords, spokenWords } from "../plain/places.js"
import { isDue } from "./pace.js"
import { Session } from "./session.js"

const SPOKEN_INTERVAL_MS = 5000

// Tells "begun" and "ended" with a session, "change" when there is something new to draw, "found" with
// { object, places, frame }, and "said" with what a listener should hear, not too often.
export class Live extends EventTarget {
  session = null
  #looks
  #gate
  #pace
  #lastAt = null
  #spokenAt = -Infinity
  #speaking = null

  constructor({ looks, gate, pace }) {
    super()
    this.#looks = looks
    this.#gate = gate
    this.#pace = pace
  }

  get isOn() {
    return this.session?.isOn ?? false
  }

  get pace() {
    return this.#pace
  }

  set pace(pace) {
    this.#pace = pace
    this.#tell("change", this.session)
    if (this.isOn) this.#looks.check()
  }

  // "looking", "resting" or "off".
  get activity() {
    return this.session?.activity(this.#pace, Date.now()) ?? "off"
  }

  // asked: { skill, question or object }; title: it in words. A question that was kept before goes on.
  start(asked, title) {
    if (this.isOn && this.session.title === title) return
    const wasOn = this.isOn
    if (wasOn) this.#end()
    this.#gate.forget()
    this.#lastAt = null
    if (this.session?.title === title) this.session.resume(Date.now())
    else this.session = new Session({ asked, title, now: Date.now() })
    this.#tell("begun", this.session)
    if (wasOn) this.#looks.renew(this)
    else this.#looks.add(this)
  }

  stop() {
    if (!this.isOn) return false
    this.#looks.remove(this)
    this.#end()
    return true
  }

  wants({ glance, now }) {
    const hasNews = () => this.#gate.hasNews(glance, now)
    return isDue(this.#pace, { hasNews, now, lastAt: this.#lastAt }) ? [this.session.asked] : []
  }

  answered({ asked, response, frame, glance, now }) {
    this.#gate.keep(glance, now)
    this.#lastAt = frame.takenAt
    const { places = null } = response
    const sentence = places ? foundWords(asked.object, places.length) : response.text.trim()
    const isNew = this.session.answer({ sentence, places, frame, now })
    if (places) this.#tell("found", { object: asked.object, places, frame })
    this.#tell("change", this.session)
    if (isNew) this.#speak()
  }

  slept(sleep) {
    this.session.sleep = sleep
    this.#tell("change", this.session)
  }

  woke() {
    this.session.sleep = null
    this.session.trouble = null
    // What is seen now may be anything.
    this.#gate.forget()
    this.#tell("change", this.session)
  }

  // retryAt: null while it is not known.
  troubled(trouble) {
    this.session.trouble = trouble
    this.#tell("change", this.session)
  }

  #end() {
    clearTimeout(this.#speaking)
    this.#speaking = null
    this.session.end(Date.now())
    this.#tell("ended", this.session)
  }

  // Each is read to its end: of those that come sooner only the newest is read.
  #speak() {
    if (this.#speaking) return
    const waitMs = Math.max(0, this.#spokenAt + SPOKEN_INTERVAL_MS - performance.now())
    this.#speaking = setTimeout(() => {
      this.#speaking = null
      this.#spokenAt = performance.now()
      const { said: { sentence, places }, asked: { object } } = this.session
      this.#tell("said", spokenWords(sentence, object, places ?? []))
    }, waitMs)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}

