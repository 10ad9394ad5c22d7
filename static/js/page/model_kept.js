// The model in this tab, among its facts: why it runs where it runs, when it was compared, what is kept, and away with it.
import { clock, storage } from "../plain/words.js"

const WHY = {
  small: "A small model answers sooner on WASM.",
  doubted: "With subgroups WebGPU gave wrong numbers on this device. Without them they are right.",
  wrong: "WebGPU gave wrong numbers on this device. WASM gives the right ones, more slowly.",
  broken: "WebGPU did not start on this device. WASM does, and is slower.",
}

// What each fact says, by its name; "" or null where there is nothing to say.
export function factsOfTab({ state, tab }) {
  if (!tab) return {}
  const { bytes, isKept, why, checkedAt } = tab
  const isReady = state === "ready"
  return {
    why: why && WHY[why],
    checked: isReady && checkedAt && `${clock(checkedAt)}, equal to the recorded answers`,
    kept: isReady && (isKept ? `${storage(bytes)} in this browser` : "Not kept: this window forgets it when it closes"),
  }
}

// Deletes the model when it was said twice. Tells "wish".
export class Deleting extends EventTarget {
  #part

  // part: an element with the first button, and behind it the question.
  constructor(part) {
    super()
    this.#part = part
    this.#button("ask").addEventListener("click", () => this.#ask(true))
    this.#button("keep").addEventListener("click", () => this.#ask(false))
    this.#button("delete").addEventListener("click", () => {
      this.#ask(false)
      this.dispatchEvent(new CustomEvent("wish", { detail: { isDeleted: true } }))
    })
  }

  show({ state, tab }) {
    this.#part.hidden = !tab || !tab.isKept || state !== "ready"
    if (this.#part.hidden) return this.#ask(false)
    this.#part.querySelector(".deleting__words").textContent = `Delete the model? It frees ${storage(tab.bytes)}. Your answers stay.`
    this.#button("delete").textContent = `Delete ${storage(tab.bytes)}`
  }

  #button(action) {
    return this.#part.querySelector(`[data-action="${action}"]`)
  }

  #ask(isAsked) {
    const hadFocus = this.#part.contains(document.activeElement)
    this.#part.querySelector(".deleting__question").hidden = !isAsked
    this.#button("ask").hidden = isAsked
    if (hadFocus) this.#button(isAsked ? "keep" : "ask").focus()
  }
}
