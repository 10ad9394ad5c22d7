// The line that says a small demo model answers, and, on request, why.
import { noticeParts } from "../plain/words.js"

export class DemoBanner {
  #banner

  constructor(banner) {
    this.#banner = banner
  }

  // notice: what `status` says about it, null when the demo model was asked for.
  show(notice) {
    const { sentence, reason } = noticeParts(notice)
    const details = this.#banner.querySelector("details")
    this.#banner.hidden = false
    this.#banner.querySelector(".banner__notice").textContent = sentence
    details.querySelector("p").textContent = reason
    details.hidden = reason === ""
  }

  hide() {
    this.#banner.hidden = true
  }
}
