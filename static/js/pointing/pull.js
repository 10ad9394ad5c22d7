// A mark by mouse or finger: a tap is a point, a pull is a box, and a box is pulled at its corners.
import { fraction } from "../plain/places.js"
import { boxBetween, cornersOf } from "../plain/pointed.js"

const SMALLEST_PULL_PX = 6
const GRAB_PX = 22

// Tells "pull" with the mark so far, in fractions of what is seen, and "end" when it is let go.
export class Pull extends EventTarget {
  #picture
  #before
  #begun = null

  // before: returns { mark }, of before, null inside for none; null where nothing can be marked.
  constructor(picture, before) {
    super()
    this.#picture = picture
    this.#before = before
    // The focus stays where it is: in the question, most of all.
    picture.addEventListener("mousedown", (event) => event.preventDefault())
    picture.addEventListener("pointerdown", (event) => this.#pressed(event))
    picture.addEventListener("pointermove", (event) => this.#moved(event))
    picture.addEventListener("pointerup", (event) => this.#released(event))
    picture.addEventListener("pointercancel", () => { this.#begun = null })
  }

  #pressed(event) {
    const before = event.isPrimary && event.button === 0 ? this.#before() : null
    if (!before) return
    this.#picture.setPointerCapture(event.pointerId)
    const corner = this.#cornerAt(event, before.mark)
    const { clientX, clientY } = event
    this.#begun = { from: corner ?? this.#at(event), isPulled: corner !== null, clientX, clientY }
  }

  #moved(event) {
    if (!this.#begun) return
    const { from, clientX, clientY } = this.#begun
    this.#begun.isPulled ||= Math.hypot(event.clientX - clientX, event.clientY - clientY) >= SMALLEST_PULL_PX
    if (this.#begun.isPulled) this.#tell("pull", boxBetween(from, this.#at(event)))
  }

  #released(event) {
    if (!this.#begun) return
    if (!this.#begun.isPulled) this.#tell("pull", this.#begun.from)
    this.#begun = null
    this.#tell("end")
    event.preventDefault()
  }

  // The corner across from the one that is grabbed, null where none is.
  #cornerAt(event, mark) {
    if (!mark || mark.x !== undefined) return null
    const { left, top, width, height } = this.#picture.getBoundingClientRect()
    const corners = cornersOf(mark)
    const grabbed = corners.findIndex(({ x, y }) => {
      return Math.hypot(left + x * width - event.clientX, top + y * height - event.clientY) <= GRAB_PX
    })
    return grabbed === -1 ? null : corners[corners.length - 1 - grabbed]
  }

  #at(event) {
    const { left, top, width, height } = this.#picture.getBoundingClientRect()
    return { x: fraction((event.clientX - left) / width), y: fraction((event.clientY - top) / height) }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
