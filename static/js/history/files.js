// Answers that leave the browser as a file, and come into it from one.
import { fileName, save } from "../plain/saving.js"
import { isRecord } from "./answer_record.js"
import { CannotRead, dataFile, recordsOf } from "./data_file.js"
import { pageFile } from "./page_file.js"

const AT_ONCE = 20
const SAVED = { page: [pageFile, "html"], data: [dataFile, "json"] }
const BROKEN = "Something in this file is not as Moonsight writes it. Nothing was changed."

// Reads the pictures of answers as they are needed, a few at once.
async function* keptOf(history) {
  const { ids } = history
  for (let at = 0; at < ids.length; at += AT_ONCE) yield* await history.read(ids.slice(at, at + AT_ONCE))
}

// kind: "page" or "data"; say: hears how far it is.
export async function saveAnswers(history, kind, say) {
  const [write, ending] = SAVED[kind]
  const file = await write(keptOf(history), (n) => say(`Saving ${n} of ${history.size}.`))
  save(file, `${fileName(Date.now())}.${ending}`)
  say("")
}

// All of it or nothing: it is read once to see whether it is right, and once more to be kept. Returns what came of it.
export async function bringIn(history, file, skills) {
  try {
    const [nNew, nKnown] = await count(history, file, skills)
    let some = []
    for await (const record of recordsOf(file)) {
      if (!history.has(record.answer.id)) some.push(record)
      if (some.length >= AT_ONCE) await history.bringIn(some.splice(0))
    }
    if (some.length > 0) await history.bringIn(some)
    return history.trouble || `${nNew} came in, ${nKnown} were here already.`
  } catch (error) {
    if (!(error instanceof CannotRead)) throw error
    return error.message
  }
}

async function count(history, file, skills) {
  const ids = new Set()
  let nKnown = 0
  for await (const record of recordsOf(file)) {
    if (!isRecord(record, skills)) throw new CannotRead(BROKEN)
    if (history.has(record.answer.id) || ids.has(record.answer.id)) nKnown += 1
    ids.add(record.answer.id)
  }
  return [ids.size - nKnown, nKnown]
}
