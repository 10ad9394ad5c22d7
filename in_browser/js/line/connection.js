// The line to the model in this tab, with the interface and the events of the one to a server.
import { forget, recall, remember } from "../plain/memory.js"
import { refOf } from "../plain/places.js"
import { Shell } from "./shell.js"

const WORKER = new URL("../../../tab/worker.js", import.meta.url)
const MODELS = new URL("../../../models/", import.meta.url)
const CHOICE = "model-in-tab"

// Adds "newer" when a newer version of the page waits to be loaded.
export class Connection extends EventTarget {
  #worker = null
  #shell = new Shell()

  get isOpen() {
    return this.#worker !== null
  }

  open() {
    this.#worker = new Worker(WORKER, { type: "module" })
    this.#worker.addEventListener("message", ({ data: { name, detail } }) => {
      if (name === "status" && detail.state === "ready") this.#shell.keepRuntime(detail.device)
      this.dispatchEvent(new CustomEvent(name, { detail }))
    })
    this.#send("open", {
      folder: MODELS.href,
      maxPixels: Number(document.body.dataset.maxFramePixels),
      wish: new URLSearchParams(location.search).get("device"),
      choice: recall(CHOICE),
    })
    this.#shell.addEventListener("newer", () => this.dispatchEvent(new Event("newer")))
    this.#shell.open()
    // Whoever waits for a server is told when it is there.
    queueMicrotask(() => this.dispatchEvent(new Event("restored")))
  }

  // wish: { get: the name of a model }, { isPaused } of its download, { isDeleted }, or { isRenewed } of the page.
  async keep(wish) {
    if (wish.isRenewed) return this.#shell.renew()
    if (wish.isDeleted) forget(CHOICE)
    if (wish.get) {
      remember(CHOICE, wish.get)
      // Some browsers ask the person, and some decide by themselves: nothing waits for that.
      navigator.storage?.persist?.().catch((error) => console.warn(error))
    }
    return this.#send("keep", wish)
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

  // No server opens a camera.
  lookThrough() {}

  cameraSeen() {}

  #send(name, detail) {
    this.#worker?.postMessage({ name, detail })
    return this.isOpen
  }
}

// What the model needs to know; the page knows more of its frames.
function asked({ id, skill, question, object, choices, sampling, frame: { frameId, blob }, ...how }) {
  const { isLive, isReasoning, spatialRefs } = how
  const refs = spatialRefs && { spatialRefs: spatialRefs.map(refOf) }
  const frame = frameId ? { frameId } : { blob }
  return { id, skill, question, object, choices, isLive, isReasoning, ...refs, ...sampling, frame }
}
