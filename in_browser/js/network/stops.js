// Texts that end an answer, found in it however it is cut into pieces; as moondream2/stops.py.

// Releases a text piece by piece, until one of some stop texts is complete in it. What the stop text begins with is
// not released, nor anything after it. Of several that are complete at the same place the longest counts.
export class UntilStop {
  #stops
  #held = ""
  isOver = false

  // stops: none of them empty.
  constructor(stops) {
    this.#stops = stops
  }

  // Returns what belongs to the text for certain, often "".
  push(text) {
    if (this.isOver) return ""
    this.#held += text
    const found = this.#stops.map((stop) => ({ at: this.#held.indexOf(stop), length: stop.length }))
    const [first] = found.filter(({ at }) => at >= 0).sort((a, b) => a.at + a.length - b.at - b.length || a.at - b.at)
    if (first) {
      this.isOver = true
      return this.#held.slice(0, first.at)
    }
    const nCertain = this.#held.length - Math.max(0, ...this.#stops.map((stop) => this.#nBegun(stop)))
    const certain = this.#held.slice(0, nCertain)
    this.#held = this.#held.slice(nCertain)
    return certain
  }

  // Returns what was held back, because the text ends here.
  finish() {
    return this.isOver ? "" : this.#held
  }

  #nBegun(stop) {
    for (let n = Math.min(stop.length - 1, this.#held.length); n > 0; n--) {
      if (this.#held.endsWith(stop.slice(0, n))) return n
    }
    return 0
  }
}
