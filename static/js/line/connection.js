// The line to the server: asks, cancels, and comes back by itself with a countdown when it breaks.
import { io } from "../../vendor/socket.io-client-4.8.4.esm.min.js"

const FIRST_RETRY_S = 1
const LONGEST_RETRY_S = 10
const ANSWER_EVENTS = ["status", "waiting", "started", "token", "found", "response", "looked"]

// Repeats the server's events; adds "restored", "lost" and, each second until the next attempt,
// "retrying" with the seconds left.
export class Connection extends EventTarget {
  #socket
  #retryS = FIRST_RETRY_S
  #countdown = null

  constructor() {
    super()
    this.#socket = io({ autoConnect: false, reconnection: false, closeOnBeforeunload: true })
    this.#socket.on("connect", () => this.#connected())
    this.#socket.on("disconnect", () => this.#retryLater("lost"))
    this.#socket.on("connect_error", () => this.#retryLater("lost"))
    for (const name of ANSWER_EVENTS) {
      this.#socket.on(name, (detail) => this.dispatchEvent(new CustomEvent(name, { detail })))
    }
  }

  get isOpen() {
    return this.#socket.connected
  }

  open() {
    clearInterval(this.#countdown)
    this.#socket.connect()
  }

  // Returns false when there is nobody to ask: nothing is kept back to be sent later.
  ask(skill, payload) {
    if (!this.isOpen) return false
    this.#socket.emit(skill, payload)
    return true
  }

  cancel(id) {
    if (this.isOpen) this.#socket.emit("cancel", { id })
  }

  #connected() {
    clearInterval(this.#countdown)
    this.#retryS = FIRST_RETRY_S
    this.dispatchEvent(new Event("restored"))
  }

  #retryLater(event) {
    this.dispatchEvent(new Event(event))
    clearInterval(this.#countdown)
    let leftS = this.#retryS
    this.#retryS = Math.min(LONGEST_RETRY_S, this.#retryS * 2)
    const tick = () => {
      this.dispatchEvent(new CustomEvent("retrying", { detail: leftS }))
      if (leftS-- === 0) this.open()
    }
    this.#countdown = setInterval(tick, 1000)
    tick()
  }
}
