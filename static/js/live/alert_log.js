// What was told, with the frame it was told of, kept by the browser from one visit to the next.

const DATABASE = "moonsight"
const VERSION = 1
const STORE = "alerts"
export const MAX_ALERTS = 100
export const MAX_BYTES = 20_000_000
const MAX_WORDS_CHARS = 4000
const MAX_PLACES = 1000

export const FORGETS = "Not kept: this window forgets when it closes."
export const FULL = "The disk is full. New answers are not kept."

// Tells "change" when something was added, read, or could not be kept.
export class AlertLog extends EventTarget {
  #database = null
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
      this.#database = await openDatabase()
      this.#database.addEventListener("versionchange", () => this.#database.close())
      const kept = await resultOf(this.#store("readonly").getAll())
      this.#alerts = bounded(inOrder([...this.#alerts, ...kept.filter(isAlert)]))
      await this.#write([], kept.filter((each) => !this.#alerts.includes(each)))
    } catch {
      this.#trouble = FORGETS
    }
    this.#changed()
  }

  async add({ frame: { blob, width, height, takenAt }, ...told }) {
    const alert = { ...told, frame: { blob, width, height, takenAt } }
    const before = this.#alerts
    this.#alerts = bounded(inOrder([alert, ...before]))
    this.#changed()
    if (this.#database) await this.#keep(alert, before.filter((each) => !this.#alerts.includes(each)))
  }

  async #keep(alert, dropped) {
    try {
      await this.#write([alert], dropped)
      this.#trouble = ""
    } catch (error) {
      this.#trouble = error?.name === "QuotaExceededError" ? FULL : FORGETS
    }
    this.#changed()
  }

  async #write(added, dropped) {
    const store = this.#store("readwrite")
    for (const { id } of dropped) store.delete(id)
    for (const alert of added) store.put(alert)
    await ended(store.transaction)
  }

  #store(mode) {
    return this.#database.transaction(STORE, mode).objectStore(STORE)
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
  return [id, ruleId, name, text, brief, told].every(isWords)
    && (kind === "object" ? isWords(value.object) : kind === "question" && isWords(value.question))
    && isCount(toldAt, 8.64e15)
    && Array.isArray(places) && places.length <= MAX_PLACES && places.every(isPlace)
    && frame?.blob instanceof Blob && isCount(frame.takenAt, 8.64e15)
    && isCount(frame.width, 1e5) && isCount(frame.height, 1e5)
}

function isWords(value) {
  return typeof value === "string" && value.length <= MAX_WORDS_CHARS
}

function isCount(value, most) {
  return Number.isFinite(value) && value >= 0 && value <= most
}

function isPlace(place) {
  const { x, y, xMin, yMin, xMax, yMax } = place ?? {}
  return (x === undefined ? [xMin, yMin, xMax, yMax] : [x, y]).every(Number.isFinite)
}

function inOrder(alerts) {
  return [...alerts].sort((one, other) => other.toldAt - one.toldAt)
}

async function openDatabase() {
  const request = indexedDB.open(DATABASE, VERSION)
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" })
  return resultOf(request)
}

function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function ended(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
}
