// Looking ahead: while somebody types and the scene keeps still, its frame goes to the model already,
// so that the answer can begin at once. It is asked about only when nothing has changed since.
import { shrink } from "../plain/canvas.js"
import { newId } from "../plain/ids.js"
import { Refusal } from "../plain/refusal.js"
import { encodeFrame } from "./frame.js"

const CHECK_INTERVAL_MS = 500
const TYPING_MS = 3000
const LONGEST_KEPT_MS = 10_000
const GLANCE_SIZE = { width: 64, height: 48 }
// Levels of 255 of one colour in one part of a glance. The noise of a camera stays far below in the
// mean of so many pixels; one finger more, or a circle in another colour, does not.
const MOST_IN_A_PART = 12
const MOST_IN_THE_MEAN = 2

// Tells "look" with { id, frame } to be sent, and "unneeded" with the id of a look that nobody waits for.
export class Ahead extends EventTarget {
  #see
  #isIdle
  #limits
  #checking = null
  #typedAt = 0
  #before = null
  #newest = null

  // see: draws what could be asked about now, as `drawFrame` does, with its source; null while nothing can.
  // isIdle: whether the model has nothing better to do for this page.
  constructor({ see, isIdle, limits }) {
    super()
    this.#see = see
    this.#isIdle = isIdle
    this.#limits = limits
  }

  typed() {
    if (savesData()) return
    this.#typedAt = Date.now()
    this.#checking ??= setInterval(() => this.#check(), CHECK_INTERVAL_MS)
  }

  // frameId: the name under which the server keeps the frame, null when it could not look at it.
  looked({ id, frameId }) {
    if (id === this.#newest?.id) this.#newest.frame.frameId = frameId
  }

  // The frame of this moment, for a question: the one that was sent ahead, when it shows just the same.
  // Null while there is nothing to see.
  async take() {
    const drawn = this.#see()
    if (!drawn) return null
    this.close()
    if (this.#newest?.frame && this.#isKept(drawn, glanceAt(drawn))) return this.#newest.frame
    this.#giveUp()
    return encodeFrame(drawn, this.#limits)
  }

  close() {
    clearInterval(this.#checking)
    this.#checking = null
    this.#before = null
  }

  async #check() {
    if (document.hidden || Date.now() - this.#typedAt > TYPING_MS) return this.close()
    const drawn = this.#isIdle() ? this.#see() : null
    if (!drawn) return
    const glance = glanceAt(drawn)
    const isStill = this.#before !== null && isSame(glance, this.#before)
    this.#before = glance
    if (isStill && !this.#isKept(drawn, glance)) await this.#look(drawn, glance)
  }

  async #look(drawn, glance) {
    const { canvas, ...shown } = drawn
    const look = { id: newId(), shown, glance, frame: null }
    this.#newest = look
    try {
      look.frame = await encodeFrame(drawn, this.#limits)
    } catch (error) {
      // A frame that is too large is told to whoever asks about it.
      if (!(error instanceof Refusal)) throw error
    }
    const isWanted = look.frame && look === this.#newest
    if (isWanted) this.dispatchEvent(new CustomEvent("look", { detail: look }))
  }

  #giveUp() {
    const isPending = this.#newest?.frame && this.#newest.frame.frameId === undefined
    if (isPending) this.dispatchEvent(new CustomEvent("unneeded", { detail: this.#newest.id }))
    this.#newest = null
  }

  #isKept(drawn, glance) {
    if (!this.#newest) return false
    const { shown, glance: glanceThen } = this.#newest
    const isComparable = ["source", "detail", "width", "height"].every((name) => shown[name] === drawn[name])
    return isComparable && drawn.takenAt - shown.takenAt < LONGEST_KEPT_MS && isSame(glance, glanceThen)
  }
}

// Whether two glances show the same, but for noise.
export function isSame(one, other) {
  let sum = 0
  for (let index = 0; index < one.length; index += 1) {
    const difference = Math.abs(one[index] - other[index])
    if (difference > MOST_IN_A_PART) return false
    sum += difference
  }
  return sum <= MOST_IN_THE_MEAN * one.length
}

// A very small picture, by its colours: grey would not tell a red circle from a green one.
function glanceAt({ canvas, width, height }) {
  const { width: across, height: down } = GLANCE_SIZE
  const small = shrink({ drawable: canvas, width, height }, GLANCE_SIZE)
  return small.getContext("2d").getImageData(0, 0, across, down).data
}

function savesData() {
  return navigator.connection?.saveData === true || matchMedia("(prefers-reduced-data: reduce)").matches
}
