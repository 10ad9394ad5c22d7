// What answers, in the menu behind the name at the top: which revision, where, in which numbers, how large.
import { placeBeside } from "../plain/popover.js"
import { deviceName, memory } from "../plain/words.js"

const DRIVERS = { cuda: " (CUDA)", mps: " (Metal)" }

export class ModelFacts {
  #menu

  constructor(menu, button) {
    this.#menu = menu
    menu.addEventListener("toggle", (event) => event.newState === "open" && placeBeside(menu, button))
  }

  // What is not known yet is left out.
  show({ model, revision, device, dtype, memoryBytes, isDemo, gpuFault }) {
    this.#write("model", isDemo ? "Demo model" : model)
    this.#write("knows", isDemo && "coloured shapes, nothing else")
    this.#write("revision", isDemo ? "comes with Moonsight" : revision)
    this.#write("device", device && deviceName(device) + (DRIVERS[device] ?? ""))
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
