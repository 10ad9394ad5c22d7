// How another server is asked, as a person chose it, and remembered for each server.
import { recallValues, remember } from "../plain/memory.js"

export const SIDES_PX = [512, 768, 1024, 1536, 2048]
export const QUALITIES = [50, 70, 85, 95]
const COORDINATES = ["auto", "fraction", "thousand", "pixel"]
const MAX_MODEL_CHARS = 200
const MAX_WORDS_CHARS = 2000
const MAX_TOKENS = 2048
const MAX_TEMPERATURE = 2

// model: its id on the server, "" for the one that answers when nobody chooses; temperature 0 stays 0.
const USUAL = { model: "", longerSidePx: 1024, quality: 85 }
// What one button takes back.
const USUAL_ASKING = { instruction: "", caption: "", maxTokens: 768, temperature: 0, coordinates: "auto" }

const CAN_BE = {
  model: (value) => isText(value, MAX_MODEL_CHARS),
  longerSidePx: (value) => SIDES_PX.includes(value),
  quality: (value) => QUALITIES.includes(value),
  instruction: (value) => isText(value, MAX_WORDS_CHARS),
  caption: (value) => isText(value, MAX_WORDS_CHARS),
  maxTokens: (value) => Number.isInteger(value) && value >= 1 && value <= MAX_TOKENS,
  temperature: (value) => typeof value === "number" && value >= 0 && value <= MAX_TEMPERATURE,
  coordinates: (value) => COORDINATES.includes(value),
}

export class Wishes {
  #name
  #values = { ...USUAL, ...USUAL_ASKING }

  // hosts: of the servers; what was chosen for others is not asked of them.
  constructor(hosts) {
    this.#name = `upstream ${hosts.join(" ")}`
    Object.assign(this.#values, allowed(recallValues(this.#name)))
  }

  // All of them, by name.
  get values() {
    return this.#values
  }

  get isUsualAsking() {
    return Object.entries(USUAL_ASKING).every(([name, value]) => this.#values[name] === value)
  }

  // Takes those that can be, and returns whether all could.
  set(changes) {
    const good = allowed(changes)
    this.#values = { ...this.#values, ...good }
    remember(this.#name, JSON.stringify(this.#values))
    return Object.keys(good).length === Object.keys(changes).length
  }

  // Returns what brings it back.
  resetAsking() {
    const before = Object.fromEntries(Object.keys(USUAL_ASKING).map((name) => [name, this.#values[name]]))
    this.set(USUAL_ASKING)
    return before
  }
}

function allowed(values) {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => Object.hasOwn(CAN_BE, name) && CAN_BE[name](value)))
}

function isText(value, maxChars) {
  return typeof value === "string" && [...value].length <= maxChars
}
