// What an answer took of a model's tokens, and how fast they came: usage is { nFed, nWritten }, timings as on the wire.
import { span } from "./words.js"

// What came all at once was not written in that time.
const SHORTEST_WRITING_MS = 100
const FIRST_WORD = "first word"
const FIRST_FOUND = "first found"

// { nTokens, ms } from the first word to the last; null where that cannot be told.
export function writingOf({ usage, timings }) {
  if (!usage || typeof timings?.firstTokenMs !== "number") return null
  const ms = timings.totalMs - timings.firstTokenMs
  // The first was there when the time began.
  const nTokens = usage.nWritten - 1
  return nTokens > 0 && ms >= SHORTEST_WRITING_MS ? { nTokens, ms } : null
}

export function tokensOf(usage) {
  return usage ? usage.nFed + usage.nWritten : 0
}

// "First word 0.6 s, 48 tokens a second": either may be null. first: what came first.
export function speedWords(firstMs, tokensPerS, first = FIRST_WORD) {
  const start = firstMs === null ? null : `${first} ${span(firstMs)}`
  const rate = tokensPerS === null ? null : `${tokensPerS < 10 ? tokensPerS.toFixed(1) : Math.round(tokensPerS)} tokens a second`
  return capital([start, rate].filter(Boolean).join(", "))
}

export function countWords(nTokens) {
  return `${nTokens.toLocaleString("en")} ${nTokens === 1 ? "token" : "tokens"}`
}

// All of it about one answer, "" where nothing was counted.
export function spentWords({ usage, timings }, isFinding) {
  const writing = writingOf({ usage, timings })
  const speed = speedWords(timings?.firstTokenMs ?? null, writing && 1000 * writing.nTokens / writing.ms, isFinding ? FIRST_FOUND : FIRST_WORD)
  const nTokens = tokensOf(usage)
  return [speed, nTokens > 0 && countWords(nTokens)].filter(Boolean).join(", ")
}

function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
