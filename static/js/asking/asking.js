// Asking: makes a request of what a person wants to know, and looks after it until it is answered.
import { soughtIn } from "../plain/command.js"
import { Refusal } from "../plain/refusal.js"
import { requestOf } from "./requests.js"

// Tells "asked" once with each request, "send" whenever it is to be sent, "cancel" with the id of one
// that nobody waits for, and "answered" with the response that ends it.
// A request: { id, skill, question or object, frame, title, isFinding, proof }.
export class Asking extends EventTarget {
  #question
  #takeFrame
  #isConnected
  #open = new Map()

  // takeFrame: promises the frame to ask about, null while there is nothing to see; throws a Refusal.
  constructor({ question, takeFrame, isConnected }) {
    super()
    this.#question = question
    this.#takeFrame = takeFrame
    this.#isConnected = isConnected
  }

  // asked: { skill, question or object }.
  async ask(asked) {
    try {
      const frame = await this.#takeFrame()
      if (!frame) return this.#question.refuse()
      this.#begin(asked, frame)
      this.#question.keepSelected()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#question.warn(error.message)
    }
  }

  // Asks about the frame that is given. What is found in it is no longer where the stage would show it.
  askAgain({ frame, ...asked }) {
    if (this.#isConnected()) this.#begin(asked, { ...frame, source: null })
    else this.#question.refuse()
  }

  stop(id) {
    this.#tell("cancel", id)
  }

  // Returns whether there was anything to stop.
  stopAll() {
    for (const id of this.#open.keys()) this.stop(id)
    return this.#open.size > 0
  }

  finish(response) {
    const request = this.#open.get(response.id)
    const isForgotten = request?.frame.frameId && response.isFrameForgotten
    if (isForgotten) return this.#sendPicture(request)
    this.#open.delete(response.id)
    this.#tell("answered", response)
    if (request?.finds && response.reason === "stop") this.#find(request, response)
  }

  // Nothing that is open will be answered any more.
  giveUp() {
    this.#open.clear()
  }

  #begin(asked, frame) {
    const made = requestOf(asked, frame)
    const request = made.proof && !this.#question.offers(made.proof.skill) ? { ...made, proof: null } : made
    this.#open.set(request.id, request)
    this.#tell("asked", request)
    this.#tell("send", request)
  }

  // What it is has been said: all there are of it.
  #find({ finds: skill, frame }, { text }) {
    const object = soughtIn(text)
    if (object) this.askAgain({ skill, object, frame })
  }

  // The server keeps this frame no longer: it gets the picture once more, and nobody notices.
  #sendPicture(request) {
    request.frame.frameId = null
    this.#tell("send", request)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
