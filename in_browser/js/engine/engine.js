// Answers requests one after the other and tells what happens, in the page's own names; as engine/engine.py.
import { run } from "../network/decoding.js"
import { Sampler } from "../network/sampling.js"
import { BadPicture, openPicture } from "./pictures.js"
import { complete, Refused } from "./requests.js"
import { Turns } from "./turns.js"

// How many looked-at frames are kept, the longest unused go first.
const MAX_ROWS = 16
const LOST_WITHIN_MS = 500

// tell: is called with the name of each event and its detail: waiting, started, token, found, looked, response.
export class Engine {
  #network
  #plans
  #tell
  #maxPixels
  #turns = new Turns()
  #rows = new Map()
  #running = null
  #said = null
  #nFrames = 0
  #isAbandoned = false
  #lost

  // lost: resolves when the device of the network went away, before whoever listens is told.
  constructor({ network, plans, maxPixels, tell, lost = new Promise(() => {}) }) {
    this.#lost = lost
    this.#network = network
    this.#plans = plans
    this.#maxPixels = maxPixels
    this.#tell = (name, detail) => this.#isAbandoned || tell(name, detail)
  }

  // request: { id, skill, frame: { frameId } or { blob } or null, … } as line/wire.js writes it down.
  ask(request) {
    const askedAt = performance.now()
    let asked
    try {
      asked = { ...complete(request), askedAt }
    } catch (error) {
      return this.#end({ ...request, askedAt }, { ...refusal(error), reason: "error" })
    }
    const replaced = this.#turns.add(asked)
    if (replaced) this.#end(replaced, { reason: "replaced" })
    this.#turns.line.forEach(({ id }, at) => this.#running && this.#tell("waiting", { id, position: at + 1, expectedMs: null }))
    if (!this.#running) this.#goOn()
  }

  cancel(id) {
    const waiting = this.#turns.remove(id)
    if (waiting) this.#end(waiting, { reason: "cancelled" })
    else if (this.#running?.id === id) this.#running.isCancelled = true
  }

  // Answers nobody any more: the network is gone, and may never come back from a step. Ends every request that was
  // answered in part, as `error` says; gives the others, to be asked of somebody else.
  abandon(error) {
    const unanswered = this.#turns.removeAll()
    if (this.#running && (this.#said.text || this.#said.places.length)) {
      this.#end(this.#running, { ...this.#said, ...refusal(error), reason: "error" })
    } else if (this.#running) {
      unanswered.unshift(this.#running)
    }
    this.#isAbandoned = true
    return unanswered
  }

  async #goOn() {
    for (let request = this.#turns.next(); request && !this.#isAbandoned; request = this.#turns.next()) {
      this.#running = request
      await this.#answer(request)
      this.#running = null
    }
  }

  async #answer(request) {
    const said = this.#said = { text: "", places: [], timings: { queueMs: performance.now() - request.askedAt } }
    try {
      const { nPrompt, procedure } = this.#plans.plan(request)
      said.usage = { nFed: nPrompt, nWritten: 0 }
      const frameId = request.frame === null ? null : request.frame.frameId ?? `frame-${++this.#nFrames}`
      if (request.skill !== "look") this.#tell("started", { id: request.id, frameId })
      const row = await this.#rowOf(request.frame, frameId, said.timings)
      await this.#run(request, row, procedure, said)
      if (request.skill === "look") this.#tell("looked", { id: request.id, frameId })
      this.#end(request, said)
    } catch (error) {
      if (error === CANCELLED) return this.#end(request, { ...said, reason: "cancelled" })
      // A step may fail before it is known that the device is gone: then it is asked again elsewhere.
      if (!isOfPerson(error)) await Promise.race([this.#lost, within(LOST_WITHIN_MS)])
      if (!this.#isAbandoned) this.#end(request, { ...said, ...refusal(error), reason: "error" })
    }
  }

  async #run(request, row, procedure, said) {
    const began = performance.now()
    const sampler = new Sampler(request)
    const findings = run(this.#network, row, procedure, sampler, () => this.#check())
    for (let step = await findings.next(); ; step = await findings.next()) {
      said.timings.firstTokenMs ??= performance.now() - request.askedAt
      if (step.done) {
        Object.assign(said, { reason: step.value.reason })
        said.usage.nWritten = step.value.nWritten
        said.timings.prefillMs = (said.timings.prefillMs ?? 0) + performance.now() - began
        return
      }
      this.#hear(request, step.value, said)
    }
  }

  #hear({ id }, found, said) {
    switch (found.found) {
      case "place":
        said.places.push(found.place)
        this.#tell("found", { id, place: found.place })
        break
      case "thought":
        said.reasoning = { text: found.text, grounding: found.grounding }
        this.#tell("reasoning", { id, text: found.text, spans: found.grounding.map(spanOf) })
        break
      case "chosen":
        Object.assign(said, { choice: found.text, probabilities: found.probabilities })
      // falls through
      default:
        said.text += found.text
        this.#tell("token", { id, text: found.text })
    }
  }

  // The row of a request's frame, looked at only when nobody did before.
  async #rowOf(frame, frameId, timings) {
    if (frame === null) return this.#network.emptyRow()
    const kept = this.#rows.get(frameId)
    this.#rows.delete(frameId)
    if (!kept && frame.frameId) throw new Refused("frame_forgotten", "The picture was forgotten meanwhile. Send it again.")
    const row = kept ?? await this.#look(frame.blob, timings)
    this.#rows.set(frameId, row)
    for (const oldest of [...this.#rows.keys()].slice(0, -MAX_ROWS)) {
      this.#network.release(this.#rows.get(oldest))
      this.#rows.delete(oldest)
    }
    return row
  }

  async #look(blob, timings) {
    const began = performance.now()
    const picture = await openPicture(blob, this.#maxPixels)
    timings.decodeMs = performance.now() - began
    const tokens = await this.#network.encodePicture(picture, () => this.#check())
    timings.encodeMs = performance.now() - began - timings.decodeMs
    const row = await this.#network.beginWithPicture(tokens)
    timings.prefillMs = performance.now() - began - timings.decodeMs - timings.encodeMs
    return row
  }

  // Lets what the page says be heard between two steps.
  async #check() {
    await breath()
    if (this.#running.isCancelled || this.#isAbandoned) throw CANCELLED
  }

  #end({ id, skill, askedAt }, { reason, text, places, timings = {}, usage = null, ...told }) {
    const isSearch = skill === "detect" || skill === "point"
    this.#tell("response", {
      id, reason, usage,
      text: isSearch ? undefined : text,
      places: isSearch ? places : undefined,
      choice: null, probabilities: null, error: null, errorCode: null, retryAfterS: null, isFrameForgotten: false,
      ...told,
      timings: { queueMs: 0, decodeMs: 0, encodeMs: 0, prefillMs: 0, firstTokenMs: null, ...timings, totalMs: performance.now() - askedAt },
    })
  }
}

// As a page has them.
function spanOf({ startIdx: start, endIdx: end, points }) {
  return { start, end, points: points.map(([x, y]) => ({ x, y })) }
}

const CANCELLED = Symbol("cancelled")

function isOfPerson(error) {
  return error instanceof Refused || error instanceof BadPicture
}

function refusal(error) {
  if (error instanceof Refused) return told(error.code, error.message)
  if (error instanceof BadPicture) return told("bad_image", error.message)
  console.error(error)
  return told("internal", "Something broke in this tab. Ask again.")
}

function told(errorCode, error) {
  return { error, errorCode, isFrameForgotten: errorCode === "frame_forgotten" }
}

function within(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

// A turn of the event loop, without the wait that a timer has.
function breath() {
  return new Promise((next) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = next
    port2.postMessage(null)
  })
}
