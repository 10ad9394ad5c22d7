// Standing at one moment: the stage shows it, a question is about it, until somebody goes back to now.
import { draw } from "../plain/canvas.js"
import { Refusal } from "../plain/refusal.js"
import { momentOf, Rewind } from "./rewind.js"
import { Strip } from "./strip.js"

const TICK_MS = 1000

// Tells "change" when another moment is shown, or now, and "compare" when a person wants to know what changed since.
export class Freezing extends EventTarget {
  #stage
  #draw
  #rewind
  #strip
  #moment = null
  // Those that can be gone to: while one is shown, none of them is lost.
  #moments = []
  #wanted = null
  #ticking = null

  // strip: the element under the picture; draw: what is seen now, as `drawFrame` does, null where nothing moves;
  // takeMoving: as Rewind takes it.
  constructor({ stage, strip, draw, takeMoving, limits }) {
    super()
    this.#stage = stage
    this.#draw = draw
    this.#rewind = new Rewind({ takeMoving, limits })
    this.#strip = new Strip(strip)
    this.#rewind.addEventListener("change", () => this.#render())
    this.#strip.addEventListener("freeze", () => this.freeze())
    this.#strip.addEventListener("now", () => this.now())
    this.#strip.addEventListener("compare", () => this.dispatchEvent(new Event("compare")))
    this.#strip.addEventListener("show", ({ detail }) => this.#show(this.#strip.moments[detail]))
  }

  // The moment that is shown, as Rewind has it; null for now.
  get moment() {
    return this.#moment
  }

  get isRewindOn() {
    return this.#rewind.isOn
  }

  set isRewindOn(isOn) {
    this.#rewind.isOn = isOn
    this.#render()
  }

  // Another source is looked at.
  forget() {
    this.#leave()
    this.#rewind.forget()
  }

  follow() {
    this.#render()
  }

  // This very moment. Returns whether there was anything to freeze.
  freeze() {
    const drawn = this.#moment ? null : this.#draw()
    if (!drawn) return false
    const { drawable, width, height } = this.#stage.picture
    // What is looked at closer is cut out of all its pixels.
    const moment = { ...momentOf(drawn), full: { drawable: draw(drawable, width, height), width, height } }
    this.#fill(moment).catch(reportError)
    this.#moments = [...this.#rewind.moments, moment]
    this.#stand(moment, moment.canvas)
    return true
  }

  // direction: 1 for a second later, -1 for one earlier. Returns whether a moment is shown.
  step(direction) {
    if (!this.#moment) return false
    const at = this.#moments.indexOf(this.#wanted ?? this.#moment)
    this.#show(this.#moments[at + direction])
    return true
  }

  // Returns whether it was not now.
  now() {
    if (!this.#moment) return false
    this.#leave()
    this.#stage.showMoment(null)
    this.#changed()
    return true
  }

  toggle() {
    return this.now() || this.freeze()
  }

  // The newest that is wanted is shown; those that were scrubbed over need not be opened.
  async #show(moment) {
    if (!moment || moment === this.#wanted) return
    if (!this.#moment) this.#moments = this.#rewind.moments
    this.#wanted = moment
    const picture = moment.blob ? await createImageBitmap(moment.blob) : moment.canvas
    if (moment !== this.#wanted) return
    this.#wanted = null
    this.#stand(moment, picture)
    picture.close?.()
  }

  // A frame that is too large to be sent can still be looked at.
  async #fill(moment) {
    try {
      await this.#rewind.fill(moment)
      this.#render()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
  }

  #stand(moment, drawable) {
    this.#moment = moment
    this.#ticking ??= setInterval(() => this.#render(), TICK_MS)
    this.#stage.showMoment({ ...moment, drawable })
    this.#changed()
  }

  #leave() {
    clearInterval(this.#ticking)
    this.#ticking = null
    this.#moment = null
    this.#wanted = null
    this.#moments = []
  }

  #changed() {
    this.#render()
    this.dispatchEvent(new Event("change"))
  }

  #render() {
    const moments = this.#moment ? this.#moments : this.#rewind.moments
    const hasNow = this.#stage.picture !== null
    const canFreeze = this.#moment !== null || hasNow
    this.#strip.show({ moments, moment: this.#moment, canFreeze, hasNow, isOn: this.isRewindOn })
  }
}
