// Why the model cannot answer, and what can be done about it here.
import { storage } from "../plain/words.js"

const NO_START = "The model could not start."
const NO_ANSWER = "The model does not answer."
const AGAIN = { isPaused: false }

// Tells "wish" with what a person wishes of a model in this tab.
export class Trouble extends EventTarget {
  #card
  #ways = []

  constructor(card) {
    super()
    this.#card = card
    card.querySelectorAll(".trouble__way").forEach((button, nth) => {
      button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("wish", { detail: this.#ways[nth].wish })))
    })
  }

  show(status) {
    this.#card.hidden = status.state !== "failed"
    if (this.#card.hidden) return
    const { words, reason, ways } = status.tab ? wordsOfTab(status) : { ...wordsOfServer(status), ways: [] }
    this.#card.querySelector(".trouble__words").textContent = words
    this.#card.querySelector(".trouble__reason").textContent = reason
    this.#ways = ways
    this.#card.querySelector(".trouble__ways").hidden = ways.length === 0
    this.#card.querySelectorAll(".trouble__way").forEach((button, nth) => {
      button.hidden = !ways[nth]
      button.textContent = ways[nth]?.words ?? ""
    })
  }
}

function wordsOfServer({ upstream, cluster, error }) {
  return { words: upstream || cluster ? NO_ANSWER : NO_START, reason: error ?? "" }
}

function wordsOfTab({ model, error, tab: { trouble, free } }) {
  if (trouble?.kind === "full") {
    const [missing, here] = [storage(trouble.missing), storage(trouble.here)]
    // What browsers say is free may be more than they give.
    const room = free === null || free > trouble.missing ? "" : ` and ${storage(free)} are free`
    return {
      words: "This browser has no room left.",
      reason: `${missing} are still to come${room}. The ${here} that are here stay. Make room, then go on.`,
      ways: [{ words: "Go on", wish: AGAIN }, { words: `Delete the ${here}`, wish: { isDeleted: true } }],
    }
  }
  if (trouble?.kind === "memory") {
    return {
      words: `This browser has not enough memory for ${model}.`,
      reason: "Close other tabs and try again, or delete it and choose another model.",
      ways: [{ words: "Try again", wish: AGAIN }, { words: "Delete the model", wish: { isDeleted: true } }],
    }
  }
  return { words: NO_START, reason: error ?? "", ways: [{ words: "Try again", wish: AGAIN }] }
}
