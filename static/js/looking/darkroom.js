// Where frames of a picture that moves are made beside the page's own thread, which they would hold for longer than
// everything else about an answer.
import { glanceAt } from "./glance.js"

export class Darkroom {
  #address
  #worker = null
  #isAble = "VideoFrame" in globalThis && "OffscreenCanvas" in globalThis
  #waiting = new Map()
  #nAsked = 0

  // address: of the script of its worker.
  constructor(address) {
    this.#address = address
  }

  // A JPEG of this moment in that size, of a quality of 0 to 1, and an ImageBitmap in the size of `thumb`, if any:
  // { blob, thumb }. Null where it cannot be made here.
  develop(picture, { size, quality, thumb }) {
    return this.#make("develop", picture, { size, quality, thumb })
  }

  // A very small picture of this moment, or of the area of it, as `glanceAt` has it; made on the page's own thread where
  // it has to be.
  async glance(picture, size, area = null) {
    return await this.#make("glance", picture, { size, area }) ?? glanceAt(picture, size, area)
  }

  async #make(way, picture, how) {
    const still = this.#isAble ? stillOf(picture) : null
    if (!still) return null
    this.#worker ??= this.#open()
    const id = this.#nAsked
    this.#nAsked += 1
    const made = await new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#worker.postMessage({ id, way, still, how }, [still])
    })
    if (!made) this.#close()
    return made
  }

  #open() {
    const worker = new Worker(this.#address, { type: "module" })
    worker.addEventListener("message", ({ data: { id, made } }) => {
      this.#waiting.get(id)?.(made)
      this.#waiting.delete(id)
    })
    worker.addEventListener("error", () => this.#close())
    return worker
  }

  // What failed once is not tried again: the page makes its frames itself.
  #close() {
    this.#isAble = false
    this.#worker?.terminate()
    for (const resolve of this.#waiting.values()) resolve(null)
    this.#waiting.clear()
  }
}

// This very moment of a video; null where there is none, or where it would come in other proportions: some browsers
// turn the picture of a turned phone only when they draw the video itself.
function stillOf({ drawable, width, height }) {
  if (!(drawable instanceof HTMLVideoElement)) return null
  let still = null
  try {
    still = new VideoFrame(drawable)
  } catch (error) {
    // Nothing has come yet.
    console.warn(error)
    return null
  }
  if (still.displayWidth === width && still.displayHeight === height) return still
  still.close()
  return null
}
