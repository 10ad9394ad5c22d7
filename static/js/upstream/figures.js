// What one model has taken since the page was opened: how fast, and how many tokens.
import { countWords, speedWords, tokensOf, writingOf } from "../plain/tokens.js"
import { clock } from "../plain/words.js"

export class Figures {
  #nFirstWords = 0
  #firstWordsMs = 0
  #nWritten = 0
  #writingMs = 0
  #nCounted = 0
  #nTokens = 0

  // One more answer: { usage, timings, places }; what nobody measured is left out.
  add({ usage, timings, places }) {
    // Places are none of the words that a person waits for.
    if (!places) this.#addWords({ usage, timings })
    if (tokensOf(usage) === 0) return
    this.#nCounted += 1
    this.#nTokens += tokensOf(usage)
  }

  #addWords({ usage, timings }) {
    if (typeof timings?.firstTokenMs !== "number") return
    this.#nFirstWords += 1
    this.#firstWordsMs += timings.firstTokenMs
    const writing = writingOf({ usage, timings })
    this.#nWritten += writing?.nTokens ?? 0
    this.#writingMs += writing?.ms ?? 0
  }

  // The mean of all answers, "" before the first.
  get speedWords() {
    const firstWordMs = this.#nFirstWords > 0 ? this.#firstWordsMs / this.#nFirstWords : null
    return speedWords(firstWordMs, this.#writingMs > 0 ? 1000 * this.#nWritten / this.#writingMs : null)
  }

  // "12,480 tokens since 14:02, 624 an answer", "" while nothing was counted.
  usedWords(since) {
    if (this.#nCounted === 0) return ""
    const each = Math.round(this.#nTokens / this.#nCounted).toLocaleString("en")
    return `${countWords(this.#nTokens)} since ${clock(since)}, ${each} an answer`
  }
}
