// While the model loads: the moon fills; the stage it is in and how much is left, in words.
import { showPhase } from "../plain/moon.js"
import { fractionOf, percentOf } from "../plain/progress.js"
import { age, amount, amountOf, listed } from "../plain/words.js"

const STAGES = ["finding", "downloading", "reading", "warming"]
const DONE_VERBS = { downloading: "downloaded", reading: "read" }
const SHORTEST_MEASURE_MS = 1000

export class Waking {
  #card
  #template
  #hasDownloaded = false
  #measured = null

  constructor(card, stageTemplate) {
    this.#card = card
    this.#template = stageTemplate
  }

  show(status) {
    this.#card.hidden = status.state !== "loading"
    if (this.#card.hidden) return this.#reset()
    this.#write("title", status.upstream ? `Asking ${listed(status.upstream.hosts)} who is there.` : "Waking the model.")
    // Of another server nothing is read: there are no stages to tell of.
    this.#card.querySelector(".waking__stages").hidden = status.upstream !== null
    const progress = status.progress ?? { stage: "finding", done: 0, total: null }
    if (progress.stage === "downloading") this.#hasDownloaded = true
    showPhase(this.#card.querySelector(".moon"), fractionOf(progress))
    this.#write("amount", amountWords(progress))
    this.#write("left", this.#leftWords(progress))
    this.#card.querySelector(".waking__stages").replaceChildren(...this.#stages(progress, status))
  }

  #reset() {
    this.#hasDownloaded = false
    this.#measured = null
  }

  #write(part, words) {
    this.#card.querySelector(`.waking__${part}`).textContent = words
  }

  #leftWords(progress) {
    const leftMs = this.#leftMs(progress)
    if (leftMs === null) return ""
    const speed = progress.bytesPerS ? `, at ${amount(progress.bytesPerS)} a second` : ""
    return `About ${age(Math.max(1000, leftMs))} left${speed}.`
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

  #stages(progress, status) {
    const name = status.isDemo ? "the demo model" : status.model
    const current = STAGES.indexOf(progress.stage)
    const labels = {
      finding: current > 0 ? "Found on this computer" : "Looking on this computer",
      downloading: current > 1 ? "Downloaded" : "Downloading",
      reading: `Reading ${name}`,
      warming: "Warming up",
    }
    // What was downloaded was not found here: the one line takes the place of the other.
    const shown = STAGES.filter((stage) => stage !== (this.#hasDownloaded ? "finding" : "downloading"))
    return shown.map((stage) => this.#stage(labels[stage], Math.sign(STAGES.indexOf(stage) - current), progress))
  }

  #stage(label, side, progress) {
    const item = this.#template.content.firstElementChild.cloneNode(true)
    const isCurrent = side === 0
    item.dataset.state = { "-1": "done", 0: "current", 1: "pending" }[side]
    item.querySelector(".waking__name").textContent = label
    item.querySelector(".waking__percent").textContent = isCurrent && progress.total ? `${percentOf(progress)}%` : ""
    if (isCurrent) {
      item.setAttribute("aria-current", "step")
      showPhase(item.querySelector(".moon"), fractionOf(progress))
    }
    return item
  }
}

function amountWords({ stage, done, total }) {
  return total && DONE_VERBS[stage] ? `${amountOf(done, total)} ${DONE_VERBS[stage]}.` : ""
}
