// Where the time of an answer went: one bar on its card, and the same in words.
import { duration } from "./words.js"

// timings: as the server sends them. Nothing found has no first token: all the rest went into the search.
// Returns [{ name, ms, words }], in order.
export function partsOf({ queue_ms: inLine, encode_ms: looking, first_token_ms: firstToken, total_ms: total }, isFinding) {
  const parts = [["in-line", inLine, "in line"], ["looking", looking, "looking"]]
  const spent = inLine + looking
  const [start, work] = isFinding ? ["to begin", "finding"] : ["to the first word", "writing"]
  if (typeof firstToken === "number") {
    parts.push(["first-word", firstToken - spent, start], ["writing", total - firstToken, work])
  } else {
    parts.push(["first-word", total - spent, isFinding ? "searching" : "to the end"])
  }
  return parts.map(([name, ms, doing]) => ({ name, ms: Math.max(0, ms), words: `${duration(Math.max(0, ms))} ${doing}` }))
}

export function showTimings(button, parts) {
  const words = parts.map((part) => part.words).join(", ")
  button.querySelector(".timings__bar").replaceChildren(...parts.map(segment))
  button.querySelector(".timings__words").textContent = words
  button.setAttribute("aria-label", words)
  button.hidden = false
}

function segment({ name, ms }) {
  const element = document.createElement("i")
  element.dataset.part = name
  element.style.flexGrow = ms
  return element
}
