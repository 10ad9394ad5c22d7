// Whose turn it is: a person's question, then what a loop asks, then frames that may be asked about; one at a time.
// Of what loops ask, and of such frames, one waits: a newer one takes its place. As engine/scheduler.py, for one page.
const RANKS = { question: 0, live: 1, look: 2 }

export function rankOf({ skill, isLive }) {
  if (skill === "look") return RANKS.look
  return isLive ? RANKS.live : RANKS.question
}

export class Turns {
  #waiting = []

  // Puts a request in line; returns the one that it makes worthless, if any.
  add(request) {
    const rank = rankOf(request)
    const replaced = rank === RANKS.question ? undefined : this.#waiting.find((each) => rankOf(each) === rank)
    if (replaced) this.remove(replaced.id)
    this.#waiting.push(request)
    return replaced
  }

  // Takes the next out of line.
  next() {
    const [first] = [...this.#waiting].sort((a, b) => rankOf(a) - rankOf(b))
    if (first) this.remove(first.id)
    return first
  }

  // Takes one out of line; returns it, if it was there.
  remove(id) {
    const removed = this.#waiting.find((each) => each.id === id)
    this.#waiting = this.#waiting.filter((each) => each !== removed)
    return removed
  }

  // Takes all out of line, in the order of their turns.
  removeAll() {
    return Array.from({ length: this.#waiting.length }, () => this.next())
  }

  // Every request that waits but for frames, in the order of their turns.
  get line() {
    return this.#waiting.filter((each) => rankOf(each) < RANKS.look).sort((a, b) => rankOf(a) - rankOf(b))
  }
}
