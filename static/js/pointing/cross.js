// A cross that arrows move over the picture, for those who set a mark by keys.
import { fraction } from "../plain/places.js"

const STEP = 0.02
const FAST_STEP = 0.1
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

// In fractions of what is seen.
export class Cross {
  at = { x: 0.5, y: 0.5 }
  // Where a box that is pulled begins.
  from = this.at
  #element

  constructor(element) {
    this.#element = element
  }

  // mark: where it begins, as it is seen; null for the middle.
  show(mark) {
    if (mark?.x !== undefined) this.at = mark
    this.leave()
    this.#draw()
    this.#element.hidden = !this.#element.parentElement.matches(":focus-visible")
  }

  hide() {
    this.#element.hidden = true
  }

  // Returns whether this key moves it.
  move(key, isFast) {
    if (!(key in DIRECTIONS)) return false
    const [across, down] = DIRECTIONS[key].map((each) => each * (isFast ? FAST_STEP : STEP))
    this.at = { x: fraction(this.at.x + across), y: fraction(this.at.y + down) }
    this.#element.hidden = false
    this.#draw()
    return true
  }

  // Nothing is pulled from where it stood before. Returns where it is.
  leave() {
    this.from = this.at
    return this.at
  }

  #draw() {
    this.#element.style.setProperty("--cross-x", this.at.x)
    this.#element.style.setProperty("--cross-y", this.at.y)
  }
}
