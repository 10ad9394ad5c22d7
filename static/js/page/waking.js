// While the model loads: the moon fills; the stage it is in and how much is left, in words.
import { showPhase } from "../plain/moon.js"
import { fractionOf, percentOf } from "../plain/progress.js"
import { wordsOfServer, wordsOfTab } from "./waking_words.js"

const SHORTEST_MEASURE_MS = 1000

// Tells "wish" with what a person wishes of a download.
export class Waking extends EventTarget {
  #card
  #template
  #hasDownloaded = false
  #measured = null
  #wish = null

  constructor(card, stageTemplate) {
    super()
    this.#card = card
    this.#template = stageTemplate
    card.querySelector(".waking__way").addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("wish", { detail: this.#wish }))
    })
  }

  show(status) {
    this.#card.hidden = status.state !== "loading"
    if (this.#card.hidden) return this.#reset()
    const progress = status.progress ?? { stage: "finding", done: 0, total: null }
    if (progress.stage === "downloading") this.#hasDownloaded = true
    const seen = { hasDownloaded: this.#hasDownloaded, leftMs: this.#leftMs(progress) }
    const { title, amount, left, stages, way } = (status.tab ? wordsOfTab : wordsOfServer)(status, progress, seen)
    this.#write("title", title)
    this.#write("amount", amount)
    this.#write("left", left)
    showPhase(this.#card.querySelector(".moon"), fractionOf(progress))
    const list = this.#card.querySelector(".waking__stages")
    list.hidden = stages.length === 0
    list.replaceChildren(...stages.map((stage) => this.#stage(stage, progress)))
    this.#offer(way)
  }

  #reset() {
    this.#hasDownloaded = false
    this.#measured = null
  }

  // way: { words, wish }, or undefined where there is nothing to do but wait.
  #offer(way) {
    this.#wish = way?.wish
    const button = this.#card.querySelector(".waking__way")
    button.hidden = !way
    button.textContent = way?.words ?? ""
  }

  #write(part, words) {
    this.#card.querySelector(`.waking__${part}`).textContent = words
  }

  // Who loads knows best; else from what this page has seen so far.
  #leftMs({ stage, done, total, secondsLeft }) {
    if (typeof secondsLeft === "number") return 1000 * secondsLeft
    if (!total) return null
    if (this.#measured?.stage !== stage) this.#measured = { stage, done, at: Date.now() }
    const spentMs = Date.now() - this.#measured.at
    const gained = done - this.#measured.done
    return spentMs < SHORTEST_MEASURE_MS || gained <= 0 ? null : spentMs * (total - done) / gained
  }

  #stage({ label, side, told }, progress) {
    const item = this.#template.content.firstElementChild.cloneNode(true)
    const isCurrent = side === 0
    item.dataset.state = { "-1": "done", 0: "current", 1: "pending" }[side]
    item.querySelector(".waking__name").textContent = label
    item.querySelector(".waking__percent").textContent = isCurrent && progress.total ? `${percentOf(progress)}%` : told
    if (isCurrent) {
      item.setAttribute("aria-current", "step")
      showPhase(item.querySelector(".moon"), fractionOf(progress))
    }
    return item
  }
}
