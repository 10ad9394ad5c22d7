// A screen, a window or a tab that a person shares with the page, until the browser's own button ends it.
import { Refusal } from "../plain/refusal.js"
import { moves } from "./liveness.js"

const IDEAL_FRAMES_PER_S = 15
// A person who closes the browser's question without an answer, or says no to it.
const DECLINED = ["NotAllowedError", "AbortError"]
const FAILED = "Nothing could be shared. Where your system asks about the screen, allow it, then try again."

// Tells "ended" when it was ended elsewhere.
export class Screen extends EventTarget {
  #video
  #stream = null

  constructor(video) {
    super()
    this.#video = video
  }

  // Phones' browsers have none.
  static get isOffered() {
    return typeof navigator.mediaDevices?.getDisplayMedia === "function"
  }

  get element() {
    return this.#video
  }

  // Asks for one, and returns it as a stream; null where the person declined. Throws a Refusal.
  async ask() {
    try {
      return await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: IDEAL_FRAMES_PER_S } } })
    } catch (error) {
      if (DECLINED.includes(error.name)) return null
      throw new Refusal(FAILED)
    }
  }

  async show(stream) {
    this.close()
    this.#stream = stream
    stream.getVideoTracks()[0].addEventListener("ended", () => this.#lose(stream))
    this.#video.srcObject = stream
    await playing(this.#video)
  }

  // Whether new frames come.
  moves() {
    return moves(this.#video)
  }

  close() {
    this.#stream?.getTracks().forEach((track) => track.stop())
    if (this.#stream) this.#video.srcObject = null
    this.#stream = null
  }

  #lose(stream) {
    if (stream !== this.#stream) return
    this.close()
    this.dispatchEvent(new Event("ended"))
  }
}

// A stream that is replaced meanwhile has nothing to start.
async function playing(video) {
  try {
    await video.play()
  } catch (error) {
    if (error.name !== "AbortError") throw error
  }
}
