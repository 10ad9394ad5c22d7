// What the page says about the model, wherever it says it: at the top, in its menu, while it wakes, when
// it could not start, and that it is only a demo.
import { recall, remember } from "../plain/memory.js"
import { DemoBanner } from "./demo_banner.js"
import { ModelChoice } from "./model_choice.js"
import { ModelFacts } from "./model_facts.js"
import { Deleting } from "./model_kept.js"
import { Trouble } from "./trouble.js"
import { Waking } from "./waking.js"

const NOTED = "device-noted"

// Tells "woke" when a model that was loading can answer, and "wish" with what a person wishes of the model in this tab:
// { get: its name }, { isPaused } of its download, { isDeleted }, or { isRenewed } of the page.
export class ModelReport extends EventTarget {
  #header
  #facts
  #parts
  #demoBanner
  #newer
  #note
  #status = null
  #isConnected = false

  // facts: { menu, button }; waking and choosing: { card, template }; trouble, deleting: elements; newer: the banner of a
  // newer version; note: says once why it runs where it runs.
  constructor({ header, facts, waking, choosing, deleting, demoBanner, trouble, newer, note }) {
    super()
    this.#header = header
    this.#facts = new ModelFacts(facts.menu, facts.button)
    this.#parts = [
      new Waking(waking.card, waking.template),
      new ModelChoice(choosing.card, choosing.template),
      new Trouble(trouble),
      new Deleting(deleting),
    ]
    this.#demoBanner = new DemoBanner(demoBanner)
    this.#newer = newer
    this.#note = note
    for (const part of this.#parts) part.addEventListener("wish", ({ detail }) => this.#wish(detail))
    newer.querySelector("button").addEventListener("click", () => this.#wish({ isRenewed: true }))
  }

  get isReady() {
    return this.#status?.state === "ready"
  }

  show(status) {
    const wasLoading = this.#status?.state === "loading"
    this.#status = status
    this.#header.showModel(status)
    this.#facts.show(status)
    for (const part of this.#parts) part.show(status)
    this.#showNote()
    this.#showDemoBanner()
    if (wasLoading && this.isReady) this.dispatchEvent(new Event("woke"))
  }

  // A newer version of the page waits to be loaded.
  showNewer() {
    this.#newer.hidden = false
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

  #wish(detail) {
    this.dispatchEvent(new CustomEvent("wish", { detail }))
  }

  // Once in a browser; the facts go on saying it.
  #showNote() {
    if (!this.isReady || this.#status.tab?.why !== "wrong" || recall(NOTED)) return
    this.#note.hidden = false
    remember(NOTED, "yes")
  }

  #showDemoBanner() {
    if (this.#status?.isDemo && this.#isConnected) this.#demoBanner.show(this.#status.notice)
    else this.#demoBanner.hide()
  }
}
