// The test of each model: what was tried, how it went, and when.
import { newId } from "../plain/ids.js"

const LOST = "The test broke off: connection lost."
const NOTHING_TRIED = { steps: [], at: null, isRunning: false }

export class Checks {
  #byModel = new Map()
  #running = new Map()

  // { steps: [{ isWell, words, remedy }], at, isRunning }; at: when it began, null where nothing was tried.
  of(model) {
    return this.#byModel.get(model) ?? NOTHING_TRIED
  }

  // Returns the id under which it is asked for.
  begin(model) {
    const id = newId()
    const check = { steps: [], at: Date.now(), isRunning: true }
    this.#byModel.set(model, check)
    this.#running.set(id, check)
    return id
  }

  // One more step. What was not tried, because of what failed before, has nothing to tell.
  add({ id, isWell, words, remedy }) {
    if (isWell !== null) this.#running.get(id)?.steps.push({ isWell, words, remedy })
  }

  // Returns whether it was one of these that ended. error: the sentence where it failed, or null.
  end({ id, error }) {
    const check = this.#running.get(id)
    if (!check) return false
    if (error) check.steps.push({ isWell: false, words: error, remedy: "" })
    check.isRunning = false
    return this.#running.delete(id)
  }

  // Nothing that runs will be ended.
  giveUp() {
    for (const id of this.#running.keys()) this.end({ id, error: LOST })
  }
}
