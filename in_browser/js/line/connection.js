// The line to the model in this tab, with the interface and the events of the one to a server.

const WORKER = new URL("../../../tab/worker.js", import.meta.url)
const MODEL = new URL("../../../model/", import.meta.url)

export class Connection extends EventTarget {
  #worker = null

  get isOpen() {
    return this.#worker !== null
  }

  open() {
    this.#worker = new Worker(WORKER, { type: "module" })
    this.#worker.addEventListener("message", ({ data: { name, detail } }) => {
      this.dispatchEvent(new CustomEvent(name, { detail }))
    })
    this.#send("open", { folder: MODEL.href, maxPixels: Number(document.body.dataset.maxFramePixels) })
    // Whoever waits for a server is told when it is there.
    queueMicrotask(() => this.dispatchEvent(new Event("restored")))
  }

  async ask(request) {
    return this.#send("ask", asked(request))
  }

  async look(request) {
    return this.#send("ask", asked({ ...request, skill: "look" }))
  }

  cancel(id) {
    this.#send("cancel", id)
  }

  // Nobody outside of this tab can be tried, told or shown anything.
  async check() {
    return false
  }

  async alert() {
    return false
  }

  share() {}

  async show() {
    return false
  }

  #send(name, detail) {
    this.#worker?.postMessage({ name, detail })
    return this.isOpen
  }
}

// What the model needs to know; the page knows more of its frames.
function asked({ id, skill, question, object, choices, isLive, frame: { frameId, blob } }) {
  return { id, skill, question, object, choices, isLive, frame: frameId ? { frameId } : { blob } }
}
