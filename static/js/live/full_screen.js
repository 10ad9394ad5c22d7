// The whole screen for the picture, and the sentence large under it: nothing lies over the picture.
import { showPhase } from "../plain/moon.js"
import { write } from "../plain/written.js"

// Where the browser gives a page no whole screen, as on some phones, it takes the whole window.
export class FullScreen {
  #view
  #words

  // view: what is made large; words: the part of it that is seen only then, with its question, sentence and state.
  constructor({ view, words }) {
    this.#view = view
    this.#words = words
    document.addEventListener("fullscreenchange", () => document.fullscreenElement || this.close())
    words.querySelector("button").addEventListener("click", () => this.close())
  }

  get isOpen() {
    return "full" in this.#view.dataset
  }

  // said: { question, sentence, state, rate, activity }.
  show({ question, sentence, state, rate, activity }) {
    this.#words.dataset.state = activity
    showPhase(this.#words.querySelector(".moon"), activity === "resting" ? 0 : 1)
    const parts = { question, sentence, state: [state, rate].filter(Boolean).join(" · ") }
    for (const [part, words] of Object.entries(parts)) write(this.#words.querySelector(`.full__${part}`), words)
    this.#fit(this.#words.querySelector(".full__sentence"))
  }

  // Up to two lines are large.
  #fit(sentence) {
    if (!this.isOpen) return
    delete sentence.dataset.long
    if (sentence.scrollHeight > sentence.clientHeight + 1) sentence.dataset.long = ""
  }

  toggle() {
    if (!this.close()) this.open()
  }

  async open() {
    this.#view.dataset.full = ""
    try {
      await this.#view.requestFullscreen?.()
    } catch (error) {
      // Not allowed here: the window it is.
      if (!(error instanceof TypeError)) throw error
    }
  }

  // Returns whether it was open.
  close() {
    if (!this.isOpen) return false
    delete this.#view.dataset.full
    if (document.fullscreenElement === this.#view) document.exitFullscreen()
    return true
  }
}
