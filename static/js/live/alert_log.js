// What was told, with the frame it was told of, kept by the browser from one visit to the next.
import { isFrame, isPlaces, isTime, isWords } from "../plain/checked.js"
import { openDatabase, whyNotKept } from "../plain/database.js"

const STORE = "alerts"
export const MAX_ALERTS = 100
export const MAX_BYTES = 20_000_000
const MAX_WORDS_CHARS = 4000

// Tells "change" when something was added, read, or could not be kept.
export class AlertLog extends EventTarget {
  #isOpen = false
  #alerts = []
  #trouble = ""

  // Newest first; an alert as watching.js tells it, with `told`: how it was told.
  get alerts() {
    return this.#alerts
  }

  // The sentence that says why nothing is kept, or "".
  get trouble() {
    return this.#trouble
  }

  // What was kept before stands behind what was told since.
  async open() {
    try {
      const kept = await (await openDatabase()).getAll(STORE)
      this.#isOpen = true
      this.#alerts = bounded(inOrder([...this.#alerts, ...kept.filter(isAlert)]))
      await this.#write([], kept.filter((each) => !this.#alerts.includes(each)))
    } catch (error) {
      this.#trouble = whyNotKept(error)
    }
    this.#changed()
  }

  async add({ frame: { blob, width, height, takenAt }, ...told }) {
    const alert = { ...told, frame: { blob, width, height, takenAt } }
    const before = this.#alerts
    this.#alerts = bounded(inOrder([alert, ...before]))
    this.#changed()
    if (this.#isOpen) await this.#keep(alert, before.filter((each) => !this.#alerts.includes(each)))
  }

  async #keep(alert, dropped) {
    try {
      await this.#write([alert], dropped)
      this.#trouble = ""
    } catch (error) {
      this.#trouble = whyNotKept(error)
    }
    this.#changed()
  }

  async #write(added, dropped) {
    const { store, done } = (await openDatabase()).transaction(STORE, "readwrite")
    const writes = [...dropped.map(({ id }) => store.delete(id)), ...added.map((alert) => store.put(alert))]
    await Promise.all([...writes, done])
  }

  #changed() {
    this.dispatchEvent(new Event("change"))
  }
}

// The newest of them that are not too many and whose frames are not too large together.
export function bounded(alerts, maxAlerts = MAX_ALERTS, maxBytes = MAX_BYTES) {
  let bytes = 0
  const end = alerts.findIndex(({ frame }, index) => {
    bytes += frame.blob.size
    return index >= maxAlerts || bytes > maxBytes
  })
  return end < 0 ? alerts : alerts.slice(0, end)
}

// Whether what stood in the browser's memory is an alert, whoever wrote it.
export function isAlert(value) {
  const { id, ruleId, name, kind, text, brief, told, toldAt, places, frame } = value ?? {}
  return [id, ruleId, name, text, brief, told].every((words) => isWords(words, MAX_WORDS_CHARS))
    && (kind === "object" || kind === "question") && isWords(value[kind], MAX_WORDS_CHARS)
    && isTime(toldAt) && isPlaces(places) && isFrame(frame)
}

function inOrder(alerts) {
  return [...alerts].sort((one, other) => other.toldAt - one.toldAt)
}
