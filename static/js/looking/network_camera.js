// A camera that the server opens: the newest frame of it on a canvas, and in one word how it is.

// Before its name, where a camera is chosen among others.
export const NETWORK = "network:"

// What the server tells of a lost one, by what the stage says then.
const STATES = { unanswered: "lost", refused: "locked", unreadable: "garbled" }

// `state`: off | opening | live | why there is no picture of now: lost, it does not answer; locked, it refuses the
// user and password; garbled, nothing that it sends can be read. Tells "change" of a new one, "retrying" each second
// until the server tries again, "choose" with the name to look through, null for none any more, and "seen" when a
// frame was shown and the next may come. The canvas tells "resize" as a video does.
export class NetworkCamera extends EventTarget {
  state = "off"
  // When its newest frame was taken.
  seenAt = null
  // Seconds until the server tries again, null while none is known.
  retryInS = null
  #name = null
  #canvas
  #context
  #countdown = null
  // Another for each time it is told how the camera is: a frame that is decoded after that is of before.
  #turn = 0

  constructor(canvas) {
    super()
    this.#canvas = canvas
    this.#context = canvas.getContext("2d", { alpha: false })
  }

  get name() {
    return this.#name
  }

  get isOpen() {
    return this.#name !== null
  }

  get drawable() {
    return this.#canvas
  }

  get width() {
    return this.#canvas.width
  }

  get height() {
    return this.#canvas.height
  }

  open(name) {
    this.#name = name
    this.#become("opening")
    this.#tell("choose", name)
  }

  close() {
    if (!this.isOpen) return
    this.#name = null
    this.#become("off")
    this.#tell("choose", null)
  }

  // The connection is there again, and nobody there knows what was looked at.
  resume() {
    if (this.isOpen) this.#tell("choose", this.#name)
  }

  // The connection is lost, and with it every newer frame.
  interrupt() {
    if (this.isOpen) this.#become("opening")
  }

  // How the server says that a camera is: state: opening, live, lost or refused; trouble: why it is lost.
  take({ name, state, trouble, retryInS }) {
    if (name !== this.#name) return
    // One that is live is so from its first frame on.
    if (state === "lost") this.#become(STATES[trouble] ?? "lost", retryInS)
    else if (state === "opening") this.#become("opening")
  }

  // frame: { name, blob, ageMs }.
  async show({ name, blob, ageMs }) {
    if (name !== this.#name) return
    const turn = this.#turn
    const bitmap = await decode(blob)
    if (bitmap && turn === this.#turn) this.#draw(bitmap, Date.now() - ageMs)
    bitmap?.close()
    this.#tell("seen")
  }

  #draw(bitmap, takenAt) {
    const { width, height } = bitmap
    if (width !== this.width || height !== this.height) {
      Object.assign(this.#canvas, { width, height })
      this.#canvas.dispatchEvent(new Event("resize"))
    }
    this.#context.drawImage(bitmap, 0, 0)
    this.seenAt = takenAt
    if (this.state !== "live") this.#become("live")
  }

  #become(state, retryInS = null) {
    clearInterval(this.#countdown)
    this.#turn += state === "live" ? 0 : 1
    this.state = state
    this.retryInS = retryInS === null ? null : Math.ceil(retryInS)
    if (this.retryInS > 0) this.#countdown = setInterval(() => this.#count(), 1000)
    this.#tell("change")
  }

  #count() {
    this.retryInS -= 1
    if (this.retryInS === 0) clearInterval(this.#countdown)
    this.#tell("retrying")
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}

// Null for what the browser cannot read.
async function decode(blob) {
  try {
    return await createImageBitmap(blob)
  } catch (error) {
    if (error instanceof DOMException) return null
    throw error
  }
}
