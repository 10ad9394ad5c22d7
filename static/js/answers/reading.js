// Where somebody reads a list: what grows there stays in sight, until they go elsewhere.

// Browsers round where they scroll to.
const STILL_HERE_PX = 2

export class Reading {
  #scroller
  #newest
  #leftAt = []

  // newest: finds the card that grows.
  constructor(list, newest) {
    this.#scroller = list.parentElement
    this.#newest = newest
    new ResizeObserver(() => this.follow()).observe(this.#scroller)
  }

  // Whether the reader is where they were shown something.
  get isHere() {
    return this.#position.every((at, index) => Math.abs(at - this.#leftAt[index]) < STILL_HERE_PX)
  }

  goTo(card) {
    this.#scroller.scrollTo({ top: 0 })
    card.reveal()
    this.#leftAt = this.#position
  }

  // The end of the newest answer stays in sight as it grows.
  follow() {
    if (!this.isHere) return
    this.#newest()?.revealEnd()
    this.#leftAt = this.#position
  }

  // The list scrolls, or the page does.
  get #position() {
    return [this.#scroller.scrollTop, window.scrollY]
  }
}
