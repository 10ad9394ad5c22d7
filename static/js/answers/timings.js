// Where the time of an answer went: one bar on its card, and the same in words.
import { span } from "../plain/words.js"

const SHORTEST_MS = 0.5

// timings: what was not measured is part of what comes next. Queue, decode, encode and prefill are
// durations, first token and total count from arrival.
// Returns [{ name, ms, words }] in order, without what took no time, such as a look at a known frame.
export function partsOf(timings, isFinding) {
  const { queueMs, decodeMs, encodeMs, prefillMs, firstTokenMs, totalMs } = timings
  const told = [
    ["in-line", queueMs, "in line"],
    ["opening", decodeMs, "opening the picture"],
    ["looking", encodeMs, "looking"],
    ["reading", prefillMs, isFinding ? "reading what to find" : "reading the question"],
  ].filter(([, ms]) => typeof ms === "number")
  const spentMs = told.reduce((sum, [, ms]) => sum + ms, 0)
  return [...told, ...answering(firstTokenMs, totalMs, spentMs, isFinding)]
    .filter(([, ms]) => ms >= SHORTEST_MS)
    .map(([name, ms, doing]) => ({ name, ms, words: `${span(ms)} ${doing}` }))
}

// Nothing found has no first token: all the rest went into the search.
function answering(firstTokenMs, totalMs, spentMs, isFinding) {
  if (typeof firstTokenMs !== "number") {
    return [["first-word", totalMs - spentMs, isFinding ? "searching" : "to the end"]]
  }
  const [start, work] = isFinding ? ["to begin", "finding"] : ["to the first word", "writing"]
  return [["first-word", firstTokenMs - spentMs, start], ["writing", totalMs - firstTokenMs, work]]
}

export function showTimings(button, parts) {
  const words = parts.map((part) => part.words).join(", ")
  button.querySelector(".timings__bar").replaceChildren(...parts.map(segment))
  // A number stays on one line with its unit.
  button.querySelector(".timings__words").textContent = words.replaceAll(/(\d) (?=m?s )/g, "$1\u00a0")
  button.setAttribute("aria-label", words)
  button.hidden = false
}

function segment({ name, ms }) {
  const element = document.createElement("i")
  element.dataset.part = name
  element.style.flexGrow = ms
  return element
}
