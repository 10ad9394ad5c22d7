// Answers and the pictures they are about, in the browser's database: one picture for all that ask about it.
import { openDatabase } from "../plain/database.js"

const BOTH = ["answers", "pictures"]

// What is kept of one answer: { answer, picture }. answer: as recordOf makes it;
// picture: { id, blob, width, height, takenAt }. Everything here may be refused by the browser.
export class Store {
  async answers() {
    return (await openDatabase()).getAll("answers")
  }

  // In the order of the ids; what is gone by now, or has lost its picture, is left out.
  async read(ids) {
    const transaction = (await openDatabase()).transaction(BOTH)
    const kept = await Promise.all(ids.map((id) => readOne(transaction, id)))
    return kept.filter(Boolean)
  }

  async put(kept) {
    const transaction = (await openDatabase()).transaction(BOTH, "readwrite")
    const [answers, pictures] = BOTH.map((name) => transaction.objectStore(name))
    const writes = kept.flatMap(({ answer, picture }) => [answers.put(answer), pictures.put(picture)])
    await Promise.all([...writes, transaction.done])
  }

  // Returns what was there, so that it can be put back.
  async remove(ids) {
    const transaction = (await openDatabase()).transaction(BOTH, "readwrite")
    const [answers, pictures] = BOTH.map((name) => transaction.objectStore(name))
    const removed = (await Promise.all(ids.map((id) => readOne(transaction, id)))).filter(Boolean)
    for (const id of ids) answers.delete(id)
    for (const id of new Set(removed.map(({ picture }) => picture.id))) {
      if (await answers.index("pictureId").count(id) === 0) pictures.delete(id)
    }
    await transaction.done
    return removed
  }
}

async function readOne(transaction, id) {
  const answer = await transaction.objectStore("answers").get(id)
  const picture = answer && await transaction.objectStore("pictures").get(answer.pictureId)
  return picture ? { answer, picture } : null
}
