// The one database in which the browser keeps what people may want to find again, and why it keeps nothing.
import { openDB } from "../../vendor/idb-8.0.4.js"

const NAME = "moonsight"
const VERSION = 2

const FULL = "The disk is full. New answers are not kept."
export const FORGETS = "Not kept: this window forgets when it closes."
const NEWER = "Not kept: a newer version of this page keeps its answers here. Reload the page."
const BROKEN = "Not kept: what this browser keeps cannot be read. Clear all, then reload the page."

let opening = null

// Opens it, once. It is let go of when another tab needs a newer version.
export function openDatabase() {
  opening ??= openDB(NAME, VERSION, {
    upgrade(database, before) {
      if (before < 1) database.createObjectStore("alerts", { keyPath: "id" })
      if (before < 2) {
        database.createObjectStore("answers", { keyPath: "id" }).createIndex("pictureId", "pictureId")
        database.createObjectStore("pictures", { keyPath: "id" })
      }
    },
    blocking(before, blocked, { target }) {
      target.close()
      opening = null
    },
  })
  opening.catch(() => (opening = null))
  return opening
}

// The sentence for a person whose browser keeps nothing.
export function whyNotKept(error) {
  if (error?.name === "QuotaExceededError") return FULL
  if (error?.name === "VersionError") return NEWER
  return ["UnknownError", "DataError", "NotReadableError"].includes(error?.name) ? BROKEN : FORGETS
}
