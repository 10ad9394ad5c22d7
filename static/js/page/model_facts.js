// What answers, in the menu behind the name at the top: which revision, where, in which numbers, how large.
import { placeBeside } from "../plain/popover.js"
import { deviceName, memory } from "../plain/words.js"
import { factsOfTab } from "./model_kept.js"

const DRIVERS = { cuda: " (CUDA)", mps: " (Metal)" }

export class ModelFacts {
  #menu

  constructor(menu, button) {
    this.#menu = menu
    menu.addEventListener("toggle", (event) => event.newState === "open" && placeBeside(menu, button))
  }

  // What is not known yet is left out.
  show(status) {
    const { model, revision, device, dtype, memoryBytes, isDemo, gpuFault, tab, cluster } = status
    this.#write("model", isDemo ? "Demo model" : model)
    this.#write("knows", isDemo && "coloured shapes, nothing else")
    this.#write("revision", isDemo && !tab ? "comes with Moonsight" : revision)
    this.#write("device", device && (tab ? `In this tab, on ${deviceName(device)}` : deviceName(device) + (DRIVERS[device] ?? "")))
    this.#write("replicas", cluster?.nReplicas ? `${cluster.nReplicas}, at ${cluster.address}` : "")
    const { why, checked, kept } = factsOfTab(status)
    this.#write("why", why)
    this.#write("checked", checked)
    this.#write("kept", kept)
    this.#write("gpu", gpuFault)
    this.#write("dtype", dtype)
    this.#write("memory", memoryBytes && memory(memoryBytes))
  }

  close() {
    this.#menu.hidePopover()
  }

  #write(fact, words) {
    const row = this.#menu.querySelector(`[data-fact="${fact}"]`)
    row.hidden = !words
    row.querySelector("dd").textContent = words || ""
  }
}
