// What the page says about the model, wherever it says it: at the top, in its menu, while it wakes, when
// it could not start, and that it is only a demo.
import { DemoBanner } from "./demo_banner.js"
import { ModelFacts } from "./model_facts.js"
import { Waking } from "./waking.js"

const NO_START = "The model could not start."
const NO_ANSWER = "The model does not answer."

// Tells "woke" when a model that was loading can answer.
export class ModelReport extends EventTarget {
  #header
  #facts
  #waking
  #demoBanner
  #trouble
  #status = null
  #isConnected = false

  // facts: { menu, button }; waking: { card, template }; trouble: the element that says why the model could not start.
  constructor({ header, facts, waking, demoBanner, trouble }) {
    super()
    this.#header = header
    this.#facts = new ModelFacts(facts.menu, facts.button)
    this.#waking = new Waking(waking.card, waking.template)
    this.#demoBanner = new DemoBanner(demoBanner)
    this.#trouble = trouble
  }

  get isReady() {
    return this.#status?.state === "ready"
  }

  show(status) {
    const wasLoading = this.#status?.state === "loading"
    this.#status = status
    this.#header.showModel(status)
    this.#facts.show(status)
    this.#waking.show(status)
    this.#trouble.hidden = status.state !== "failed"
    this.#trouble.querySelector(".trouble__words").textContent = status.upstream ? NO_ANSWER : NO_START
    this.#trouble.querySelector(".trouble__reason").textContent = status.error ?? ""
    this.#showDemoBanner()
    if (wasLoading && this.isReady) this.dispatchEvent(new Event("woke"))
  }

  connected() {
    this.#isConnected = true
    this.#showDemoBanner()
  }

  disconnected() {
    this.#isConnected = false
    this.#header.showOffline()
    this.#facts.close()
    this.#showDemoBanner()
  }

  #showDemoBanner() {
    if (this.#status?.isDemo && this.#isConnected) this.#demoBanner.show(this.#status.notice)
    else this.#demoBanner.hide()
  }
}
