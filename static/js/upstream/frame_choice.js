// How large a frame is sent: its longer side and its quality, each with what it costs now.
import { kilobytes } from "../plain/words.js"
import { write } from "../plain/written.js"
import { QUALITIES, SIDES_PX } from "./wishes.js"

const MEASURE_INTERVAL_MS = 4000

// Tells "choose" with { longerSidePx } or { quality }.
export class FrameChoice extends EventTarget {
  #parts
  #measure
  #chosen = {}
  #measuring = null
  #bytes = new Map()

  // parts: { words, change, choices, note }; measure: promises the bytes that a frame of now takes at each of
  // [{ longerSidePx, quality }], null where there is none.
  constructor(parts, measure) {
    super()
    this.#parts = parts
    this.#measure = measure
    parts.choices.querySelector("[data-sides]").append(...SIDES_PX.map((px) => newChoice("longerSidePx", px, `${px} px`)))
    parts.choices.querySelector("[data-qualities]").append(...QUALITIES.map((each) => newChoice("quality", each, `${each}`)))
    parts.choices.addEventListener("change", ({ target: { name, value } }) => this.#choose({ [name]: Number(value) }))
    parts.change.addEventListener("click", () => this.#unfold(parts.choices.hidden))
  }

  show({ longerSidePx, quality }) {
    this.#chosen = { longerSidePx, quality }
    for (const input of this.#parts.choices.querySelectorAll("input")) {
      input.checked = this.#chosen[input.name] === Number(input.value)
    }
    this.#render()
  }

  // Measures from now on what frames take, until `rest`.
  begin() {
    this.#measuring ??= setInterval(() => this.#follow(), MEASURE_INTERVAL_MS)
    this.#follow()
  }

  rest() {
    clearInterval(this.#measuring)
    this.#measuring = null
    this.#unfold(false)
  }

  #choose(chosen) {
    this.dispatchEvent(new CustomEvent("choose", { detail: chosen }))
    this.#follow()
  }

  #unfold(isOpen) {
    this.#parts.choices.hidden = !isOpen
    this.#parts.change.ariaExpanded = String(isOpen)
    if (!isOpen) return
    this.#follow()
    this.#parts.choices.querySelector(":checked").focus({ preventScroll: true })
    this.#parts.choices.scrollIntoView({ block: "nearest" })
  }

  #follow() {
    this.#look().catch(reportError)
  }

  // All that is offered only while it is looked at: each is a frame that is drawn and encoded.
  async #look() {
    const { longerSidePx, quality } = this.#chosen
    const offered = [...SIDES_PX.map((px) => ({ longerSidePx: px, quality })), ...QUALITIES.map((each) => ({ longerSidePx, quality: each }))]
    const sizes = this.#parts.choices.hidden ? [this.#chosen] : offered
    const bytes = await this.#measure(sizes)
    this.#bytes = new Map(sizes.map((size, index) => [keyOf(size), bytes[index]]))
    this.#render()
  }

  #render() {
    const { words, choices, note } = this.#parts
    const { longerSidePx } = this.#chosen
    const bytes = this.#bytesOf(this.#chosen)
    write(words, `${longerSidePx} px${bytes === null ? "" : `, about ${kilobytes(bytes)}`}`)
    for (const input of choices.querySelectorAll("input")) {
      const each = this.#bytesOf({ ...this.#chosen, [input.name]: Number(input.value) })
      write(input.parentElement.querySelector("small"), each === null ? "" : kilobytes(each))
    }
    note.hidden = bytes !== null
  }

  #bytesOf(size) {
    return this.#bytes.get(keyOf(size)) ?? null
  }
}

function keyOf({ longerSidePx, quality }) {
  return `${longerSidePx} ${quality}`
}

function newChoice(name, value, words) {
  const label = Object.assign(document.createElement("label"), { className: "choice" })
  const radio = Object.assign(document.createElement("input"), { type: "radio", name, value })
  const span = Object.assign(document.createElement("span"), { textContent: words })
  label.append(radio, span, document.createElement("small"))
  return label
}
