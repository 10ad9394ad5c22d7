// Ask, and in its place Stop.
import { show } from "../plain/written.js"

export class Buttons {
  #ask
  #stop

  constructor(ask, stop) {
    this.#ask = ask
    this.#stop = stop
  }

  set verb(verb) {
    this.#ask.querySelector(".plate__label").textContent = verb
  }

  // Whoever was on one of them is on the other then.
  show({ isStop, canAsk }) {
    this.#ask.ariaDisabled = String(!canAsk)
    const hadFocus = document.activeElement === this.#ask || document.activeElement === this.#stop
    show(this.#ask, !isStop)
    show(this.#stop, isStop)
    if (hadFocus) (isStop ? this.#stop : this.#ask).focus({ preventScroll: true })
  }
}
