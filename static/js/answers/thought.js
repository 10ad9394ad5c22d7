// What was thought before an answer: folded to one line, and its words that speak of places light these up.
import { duration } from "../plain/words.js"

// reasoning: { text, spans: [{ start, end, points }], ms }: characters of the text, points in fractions of the frame,
// and how long it took.
export class Thought {
  #element
  #light
  #lit = null
  #spans = []

  // light: shows points on the frame, none when they go out again.
  constructor(element, light) {
    this.#element = element
    this.#light = light
    for (const name of ["pointerover", "focusin"]) element.addEventListener(name, ({ target }) => this.#over(target))
    for (const name of ["pointerout", "focusout"]) element.addEventListener(name, () => this.#over(element))
    element.addEventListener("click", ({ target }) => this.#over(target))
  }

  show({ text, spans, ms }) {
    const nPoints = spans.reduce((sum, { points }) => sum + points.length, 0)
    const points = ["", ", 1 point"][nPoints] ?? `, ${nPoints} points`
    this.#element.querySelector("summary").textContent = `Thought for ${duration(ms)}${points}`
    this.#element.querySelector("p").replaceChildren(...partsOf(text, spans))
    this.#element.hidden = false
    this.#spans = spans
  }

  #over(target) {
    const span = target.closest(".thought__span")
    if (span === this.#lit) return
    this.#lit = span
    this.#light(span ? this.#spans[span.dataset.index].points : [])
  }
}

// Whatever overlaps is told by its first.
function partsOf(text, spans) {
  const letters = [...text]
  const parts = []
  let at = 0
  for (const [index, { start, end, points }] of spans.entries()) {
    if (start < at || points.length === 0) continue
    parts.push(letters.slice(at, start).join(""), spanOf(letters.slice(start, end).join(""), index))
    at = end
  }
  return [...parts, letters.slice(at).join("")]
}

function spanOf(words, index) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "thought__span" })
  button.dataset.index = index
  button.append(words, Object.assign(document.createElement("sup"), { textContent: `${index + 1}` }))
  return button
}
