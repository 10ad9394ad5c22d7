// The last half minute of what was seen, in memory only: one frame a second, as it would have been sent.
import { Refusal } from "../plain/refusal.js"
import { thumbSize } from "./decoding.js"
import { encodeFrame } from "./frame.js"

const INTERVAL_MS = 1000
export const SPAN_MS = 30_000
const MAX_BYTES = 32 * 2 ** 20

// A moment: { width, height, takenAt, detail, blob, thumb, source, isPast }; `canvas` until it has its blob, and `full`,
// { drawable, width, height }, all the pixels there were, where it is the one that was frozen.
// Tells "change" when there is another one, or none is left.
export class Rewind extends EventTarget {
  #takeMoving
  #limits
  #moments = []
  #isOn = true

  // takeMoving: promises what is seen now, as Framing does; null where nothing moves, or nothing is there.
  constructor({ takeMoving, limits }) {
    super()
    this.#takeMoving = takeMoving
    this.#limits = limits
    setInterval(() => this.#take(), INTERVAL_MS)
  }

  // Whether anything is kept at all.
  get isOn() {
    return this.#isOn
  }

  set isOn(isOn) {
    this.#isOn = isOn
    if (!isOn) this.forget()
  }

  // Oldest first.
  get moments() {
    return this.#moments
  }

  // Something else is looked at.
  forget() {
    this.#moments = []
    this.#tell()
  }

  // Makes a moment of what was drawn.
  async fill(moment) {
    const { canvas } = moment
    const { width: resizeWidth, height: resizeHeight } = thumbSize(canvas)
    const size = { resizeWidth, resizeHeight, resizeQuality: "medium" }
    // Both begin at once: what is drawn on may be drawn on again.
    const [thumb, { blob }] = await Promise.all([createImageBitmap(canvas, size), encodeFrame(moment, this.#limits)])
    Object.assign(moment, { thumb, blob, canvas: null })
    return moment
  }

  // Nobody looks at a page that is hidden, and nothing is kept of what nobody could see.
  async #take() {
    const before = this.#moments
    try {
      const taken = this.#isOn && !document.hidden ? await this.#takeMoving() : null
      if (!taken) return this.#dropOld()
      const moment = taken.thumb ? momentOf(taken) : await this.fill(momentOf(taken))
      // It was forgotten, or turned off, meanwhile.
      if (before === this.#moments) this.#keep(moment)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
  }

  #keep(moment) {
    this.#moments = [...this.#moments, moment]
    this.#dropOld()
    this.#tell()
  }

  #dropOld() {
    const oldest = Date.now() - SPAN_MS
    let bytes = 0
    const kept = this.#moments.filter(({ takenAt }) => takenAt > oldest).reverse().filter(({ blob }) => {
      bytes += blob.size
      return bytes <= MAX_BYTES
    }).reverse()
    if (kept.length === this.#moments.length) return
    this.#moments = kept
    this.#tell()
  }

  #tell() {
    this.dispatchEvent(new Event("change"))
  }
}

// drawn: with its JPEG and thumb, or without.
export function momentOf(drawn) {
  return { blob: null, thumb: null, ...drawn, source: Symbol("moment"), isPast: true }
}
