// The model in a page of one's own, without a server:
//
//   import { load } from "./moonsight/moonsight.js"
//   const model = await load({ onProgress: ({ stage, done, total }) => … })
//   for await (const text of model.query(picture, "What is this?")) output.append(text)
//
// The folder lies on the page's own host. A picture is a Blob, or what a canvas can draw: an <img>, <video> or <canvas>,
// an ImageBitmap, ImageData. What a model was asked for stays in the browser: the next `load` needs no network for it.

const WORKER = new URL("./tab/worker.js", import.meta.url)
const MODELS = new URL("./models/", import.meta.url)
const MAX_PIXELS = 40_000_000

// code: as a program tells them apart, "bad_image", "bad_request", "cancelled", "frame_forgotten", "device_lost", …
export class MoonsightError extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

// Gets a model, which may take a while at the first time, and opens it. name: as the folder calls it; the largest that
// fits where none is named. device: "wasm" or "webgpu" where just that is wanted. onProgress: called with
// { stage, done, total, … }. Throws a MoonsightError where no model can be had.
export function load({ name = null, device = null, onProgress = () => {} } = {}) {
  const worker = new Worker(WORKER, { type: "module" })
  return new Promise((resolve, reject) => {
    const fail = (code, message) => {
      worker.terminate()
      reject(new MoonsightError(code, message))
    }
    const steps = {
      absent({ tab }) {
        const model = name ?? tab.models.find(({ refusal }) => refusal === null)?.name
        if (model) worker.postMessage({ name: "keep", detail: { get: model } })
        else fail("no_model", "No model here fits this browser.")
      },
      loading: ({ progress }) => progress && onProgress(progress),
      failed: ({ error, tab }) => fail("no_start", error ?? { full: "This browser has no room left.", memory: "This browser has not enough memory." }[tab.trouble.kind]),
      ready: (status) => resolve(new Model(worker, status)),
    }
    const listen = ({ data: { name: event, detail } }) => event === "status" && steps[detail.state](detail)
    worker.addEventListener("message", listen)
    worker.addEventListener("error", () => fail("no_start", `${WORKER} could not be run.`))
    worker.postMessage({ name: "open", detail: { folder: MODELS.href, maxPixels: MAX_PIXELS, wish: device, choice: name } })
  })
}

// One model. Requests are answered one after the other. name, device: what answers, on what.
export class Model {
  #worker
  #answers = new Map()
  #nAsked = 0

  constructor(worker, { model, device }) {
    this.#worker = worker
    this.name = model
    this.device = device
    worker.addEventListener("message", ({ data: { name, detail } }) => this.#answers.get(detail.id)?.hear(name, detail))
  }

  // Answers a question in words. picture: null where the question needs none. options: { choices, isReasoning,
  // spatialRefs, maxTokens, temperature, topP, seed, stops, signal }.
  query(picture, question, options = {}) {
    return this.#ask({ skill: "query", question, picture, ...options })
  }

  // Describes a picture. options: { length: "short", "normal" or "long", … }.
  caption(picture, options = {}) {
    return this.#ask({ skill: "caption", picture, ...options })
  }

  // Finds boxes { xMin, yMin, xMax, yMax }, in fractions of the picture. options: { maxObjects, signal }.
  detect(picture, object, options = {}) {
    return this.#ask({ skill: "detect", object, picture, ...options })
  }

  // Finds points { x, y }.
  point(picture, object, options = {}) {
    return this.#ask({ skill: "point", object, picture, ...options })
  }

  // Looks at a picture once, so that several things can be asked about it: gives what stands for it.
  async look(picture) {
    const { frameId } = await this.#ask({ skill: "look", picture }).result
    return { frameId }
  }

  // Ends the worker, with all that it is doing.
  close() {
    this.#worker.terminate()
    for (const [id, answer] of this.#answers) answer.hear("response", { id, reason: "cancelled" })
  }

  #ask({ picture, signal, ...request }) {
    const id = String(++this.#nAsked)
    const send = (name, detail) => this.#worker.postMessage({ name, detail })
    const answer = new Answer({ cancel: () => send("cancel", id), end: () => this.#answers.delete(id) })
    this.#answers.set(id, answer)
    if (signal?.aborted) answer.cancel()
    signal?.addEventListener("abort", () => answer.cancel())
    frameOf(picture).then(
      (frame) => answer.isOver || send("ask", { id, frame, ...request }),
      (error) => answer.hear("response", { id, errorCode: "bad_image", error: error.message }),
    )
    return answer
  }
}

// What comes back: as it comes, words or places, by `for await`; and in the end `result`, a promise of { text, places,
// choice, probabilities, reasoning, reason, usage, timings }. To leave the loop cancels the rest.
class Answer {
  isOver = false
  #parts = []
  #wake = () => {}
  #cancel
  #end
  #settle
  #frameId = null

  constructor({ cancel, end }) {
    this.#cancel = cancel
    this.#end = end
    this.result = new Promise((resolve, reject) => { this.#settle = { resolve, reject } })
    // Who reads only the parts hears of an error there.
    this.result.catch(() => {})
  }

  cancel() {
    if (this.isOver) return
    this.#cancel()
    this.hear("response", { reason: "cancelled" })
  }

  // An event of the worker about this answer.
  hear(name, detail) {
    if (this.isOver) return
    if (name === "token") this.#parts.push(detail.text)
    else if (name === "found") this.#parts.push(detail.place)
    else if (name === "looked") this.#frameId = detail.frameId
    else if (name === "response") this.#finish(detail)
    this.#wake()
  }

  async * [Symbol.asyncIterator]() {
    try {
      for (let nth = 0; ; nth++) {
        while (nth >= this.#parts.length && !this.isOver) await new Promise((resolve) => { this.#wake = resolve })
        if (nth >= this.#parts.length) break
        yield this.#parts[nth]
      }
      await this.result
    } finally {
      this.cancel()
    }
  }

  #finish({ id, error, errorCode, isFrameForgotten, retryAfterS, ...told }) {
    this.isOver = true
    this.#end()
    if (errorCode) this.#settle.reject(new MoonsightError(errorCode, error))
    else if (told.reason === "cancelled") this.#settle.reject(new MoonsightError("cancelled", "This was cancelled."))
    else this.#settle.resolve({ ...told, ...this.#frameId && { frameId: this.#frameId } })
  }
}

// A picture as the worker takes it.
async function frameOf(picture) {
  if (picture === null || picture.frameId) return picture
  if (picture instanceof Blob) return { blob: picture }
  const bitmap = await createImageBitmap(picture)
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
  canvas.getContext("2d").drawImage(bitmap, 0, 0)
  bitmap.close()
  // Without loss: what is asked about is what is seen.
  return { blob: await canvas.convertToBlob({ type: "image/png" }) }
}
