// The line that says the connection is lost, and when the next attempt is made.

// Tells "retry" when a person does not want to wait for it.
export class OfflineBanner extends EventTarget {
  #banner
  #announcer

  constructor({ banner, retry, announcer }) {
    super()
    this.#banner = banner
    this.#announcer = announcer
    retry.addEventListener("click", () => this.dispatchEvent(new Event("retry")))
  }

  show() {
    if (this.#banner.hidden) this.#announcer.say("Connection lost. Your question and every answer are kept.")
    this.#banner.hidden = false
  }

  hide() {
    if (!this.#banner.hidden) this.#announcer.say("Connected again.")
    this.#banner.hidden = true
  }

  count(leftS) {
    const words = leftS > 0 ? `Trying again in ${leftS} s.` : "Trying again."
    this.#banner.querySelector(".banner__why").textContent = words
  }
}
