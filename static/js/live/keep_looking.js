// The switch that keeps the question answered: on the plate, and as an eye on a phone.

export class KeepLooking extends EventTarget {
  #buttons

  // Tells "toggle".
  constructor(buttons) {
    super()
    this.#buttons = buttons
    for (const each of buttons) each.addEventListener("click", () => this.dispatchEvent(new Event("toggle")))
  }

  // isOffered: a still picture cannot change.
  show({ isOn, isOffered }) {
    for (const each of this.#buttons) {
      each.setAttribute("aria-checked", String(isOn))
      each.hidden = !isOffered && !isOn
    }
  }
}
