// What an answer took, at the foot of its card: until its first word, then all of it.
import { spentWords } from "../plain/tokens.js"
import { duration, span } from "../plain/words.js"
import { partsOf, showTimings } from "./timings.js"

export class CardFoot {
  #card

  constructor(card) {
    this.#card = card
  }

  showFirst(what, ms) {
    this.#total.textContent = `${what} after ${duration(ms)}`
  }

  clear() {
    this.#total.textContent = ""
  }

  // spent: what it took of another server, { usage, timings }, or null; time: when it was asked, where that stands
  // here.
  show({ reason, timings, spent }, isFinding, time) {
    const words = spent ? spentWords(spent, isFinding) : ""
    const part = this.#card.querySelector(".card__spent")
    part.textContent = words
    part.hidden = words === ""
    if (!timings) return
    this.#total.textContent = [span(timings.totalMs), time].filter(Boolean).join(" · ")
    // An answer that was stopped before its first word has nothing to divide.
    const isDivided = reason === "stop" || reason === "length" || typeof timings.firstTokenMs === "number"
    if (isDivided) showTimings(this.#card.querySelector(".timings"), partsOf(timings, isFinding))
  }

  get #total() {
    return this.#card.querySelector(".card__total")
  }
}
