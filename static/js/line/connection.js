// The line to the server: asks, cancels, and comes back by itself with a countdown when it breaks.
import { io } from "../../vendor/socket.io-client-4.8.4.esm.min.js"
import { keepOfflinePage } from "./offline.js"
import {
  alertPayloadFor, CAMERA_SEEN, checkPayloadFor, EVENT_NAMES, payloadFor, READERS, sharePayloadFor, shownPayloadFor,
} from "./wire.js"

const FIRST_RETRY_S = 1
const LONGEST_RETRY_S = 10

// Tells the server's events in the page's own names (wire.js); adds "restored", "lost" and, each second
// until the next attempt, "retrying" with the seconds left.
export class Connection extends EventTarget {
  #socket
  #retryS = FIRST_RETRY_S
  #countdown = null

  constructor() {
    super()
    this.#socket = io({ autoConnect: false, reconnection: false, closeOnBeforeunload: true })
    this.#socket.on("connect", () => this.#connected())
    this.#socket.on("disconnect", () => this.#lost())
    this.#socket.on("connect_error", ({ data }) => data?.code === "unauthorized" ? location.reload() : this.#lost())
    for (const [name, read] of Object.entries(READERS)) {
      const event = EVENT_NAMES[name] ?? name
      this.#socket.on(name, (payload) => this.dispatchEvent(new CustomEvent(event, { detail: read(payload) })))
    }
  }

  get isOpen() {
    return this.#socket.connected
  }

  open() {
    clearInterval(this.#countdown)
    this.#socket.connect()
  }

  // request: { id, skill, question or object, frame: { frameId } or { blob }, sampling of a person's question, wishes
  // where another server answers }.
  // Returns false when there is nobody to ask: nothing is kept back to be sent later.
  ask(request) {
    return this.#send(request.skill, payloadFor(request))
  }

  // Sends a frame that may be asked about next: { id, frame: { blob } }.
  look(request) {
    return this.#send("look", payloadFor(request))
  }

  // Has the server that answers tried, as one model of it is asked: { id, wishes }; "checked" tells each step,
  // and "response" the end.
  check(request) {
    return this.#send("check", checkPayloadFor(request))
  }

  // Has an alert sent to the webhook: { id, rule, kind, question or object, answer or count, probability,
  // toldAt, blob }; "alerted" tells how that ended.
  alert(alert) {
    return this.#send("alert", alertPayloadFor(alert))
  }

  // Whether programs may look through this page, until it is said anew or the connection ends.
  share(isShared) {
    if (this.isOpen) this.#socket.emit("share", sharePayloadFor(isShared))
  }

  // Shows a program what it wanted to see: { id, frame } or { id, reason }.
  show(shown) {
    return this.#send("shown", shownPayloadFor(shown))
  }

  // Through which camera of the server to look, null for none; "cameraState" and "cameraFrame" tell of it.
  lookThrough(name) {
    if (this.isOpen) this.#socket.emit("camera", { name })
  }

  // The last frame of it was shown.
  cameraSeen() {
    if (this.isOpen) this.#socket.emit(CAMERA_SEEN)
  }

  // What a person wishes of a model that the browser keeps: there is none.
  keep() {
    return false
  }

  cancel(id) {
    if (this.isOpen) this.#socket.emit("cancel", { id })
  }

  async #send(name, making) {
    const payload = await making
    if (!this.isOpen) return false
    this.#socket.emit(name, payload)
    return true
  }

  #connected() {
    clearInterval(this.#countdown)
    this.#retryS = FIRST_RETRY_S
    this.dispatchEvent(new Event("restored"))
    keepOfflinePage()
  }

  #lost() {
    this.dispatchEvent(new Event("lost"))
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
