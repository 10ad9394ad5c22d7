// What a person chose for this page: remembered as one, checked whenever it is read, the same in every tab.
import { followMemory, forget, recall, recallValues, remember } from "../plain/memory.js"

export const MAX_SUGGESTIONS = 12
// theme.js reads it by this name, too, before there is anything to see.
const NAME = "settings"
// An older version had a place of its own for one of them.
const OLDER_KEYS = "single-keys"

// suggestions: a person's own, null for those of the model; quality: of a JPEG, 1 to 100;
// keptBytes, keptDays: at most so much and so old are the answers that stay; isReasoning: whether the model thinks first;
// hasRewind: whether the last half minute is kept in memory.
export const USUAL = {
  maxTokens: 512,
  temperature: 0,
  suggestions: null,
  hasSingleKeys: true,
  theme: "system",
  quality: 85,
  keptBytes: 500_000_000,
  keptDays: 30,
  isReasoning: false,
  hasRewind: true,
}

const ONE_OF = {
  maxTokens: [64, 128, 256, 512, 1024],
  temperature: [0, 0.3, 0.7, 1],
  hasSingleKeys: [true, false],
  theme: ["system", "day", "night"],
  quality: [70, 85, 95],
  keptBytes: [100_000_000, 500_000_000, 2_000_000_000],
  keptDays: [1, 7, 30, 365],
  isReasoning: [true, false],
  hasRewind: [true, false],
}

// Tells "change".
export class Choices extends EventTarget {
  #maxChars
  #values

  // maxChars: of one suggestion.
  constructor({ maxChars }) {
    super()
    this.#maxChars = maxChars
    this.#values = this.#read()
    followMemory(NAME, () => this.#become(this.#read()))
  }

  // All of them, by name.
  get values() {
    return this.#values
  }

  // Takes those that can be.
  set(changes) {
    this.#become({ ...this.#values, ...this.#allowed(changes) })
    this.#keep()
  }

  // Everything as it was at first. Returns what brings it back.
  reset() {
    const before = this.#values
    this.set(USUAL)
    return before
  }

  #become(values) {
    this.#values = values
    this.dispatchEvent(new Event("change"))
  }

  // What is as usual is not kept: it may become another.
  #keep() {
    const chosen = Object.entries(this.#values).filter(([name, value]) => value !== USUAL[name])
    if (chosen.length > 0) remember(NAME, JSON.stringify(Object.fromEntries(chosen)))
    else forget(NAME)
    forget(OLDER_KEYS)
  }

  #read() {
    return { ...USUAL, hasSingleKeys: recall(OLDER_KEYS) !== "off", ...this.#allowed(recallValues(NAME)) }
  }

  #allowed(values) {
    return Object.fromEntries(Object.entries(values).filter(([name, value]) => this.#canBe(name, value)))
  }

  #canBe(name, value) {
    if (name === "suggestions") return value === null || this.#areSuggestions(value)
    return Object.hasOwn(ONE_OF, name) && ONE_OF[name].includes(value)
  }

  #areSuggestions(value) {
    const isOne = (words) => typeof words === "string" && words.trim() !== "" && [...words].length <= this.#maxChars
    return Array.isArray(value) && value.length <= MAX_SUGGESTIONS && value.every(isOne)
  }
}
