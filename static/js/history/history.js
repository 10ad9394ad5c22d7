// Answers that stay: kept in this browser and nowhere else, within bounds, the same in all tabs of the page.
import { FORGETS, whyNotKept } from "../plain/database.js"
import { frameOf, isAnswer, isRecord, recordOf } from "./answer_record.js"
import { tooMuch } from "./bounds.js"
import { Store } from "./store.js"

const PAGE_LENGTH = 30
const BOUNDS_CHECKED_MS = 3_600_000
// Longer than a choice can be undone.
const SOON_MS = 10_000

// Tells "change" when it holds something else or cannot hold it, "came" with answers to be shown, as `more` returns
// them, and "went" with the ids of those that are kept no longer.
export class History extends EventTarget {
  trouble = ""
  #store = new Store()
  #skills
  #bounds
  #channel = new BroadcastChannel("moonsight.history")
  #soon = null
  // What `amount` tells: it is asked for whenever an answer goes on, and changes when one ends.
  #amount = null
  // By their ids, newest first: { id, askedAt, pictureId, bytes }.
  #entries = new Map()

  // skills: those there are; bounds: { maxBytes, maxDays } now.
  constructor({ skills, bounds }) {
    super()
    this.#skills = skills
    this.#bounds = bounds
    this.#channel.addEventListener("message", ({ data }) => this.#heard(data))
    setInterval(() => this.keepBounds(), BOUNDS_CHECKED_MS)
  }

  get bounds() {
    return this.#bounds()
  }

  get size() {
    return this.#entries.size
  }

  get ids() {
    return [...this.#entries.keys()]
  }

  has(id) {
    return this.#entries.has(id)
  }

  // What is kept: { nPictures, bytes, oldestAt }; oldestAt null where there is nothing.
  get amount() {
    return this.#amount ??= amountOf([...this.#entries.values()])
  }

  async open() {
    await this.#trying(async () => {
      const answers = await this.#store.answers()
      this.#enter(answers.filter((each) => isAnswer(each, this.#skills)).map(entryOf))
      await this.keepBounds()
    })
  }

  // Keeps an answer as soon as it has ended.
  async keep(request, askedAt, outcome, facts) {
    await this.#putIn([recordOf(request, askedAt, outcome, facts)])
  }

  // The next ones for a list that shows some: of those with these ids, newest first: [{ answer, frame }].
  async next(ids, isShown) {
    const wanted = ids.filter((id) => !isShown(id)).slice(0, PAGE_LENGTH)
    return this.read(wanted)
  }

  async read(ids) {
    const kept = await this.#trying(() => this.#store.read(ids)) ?? []
    return kept.filter((each) => isRecord(each, this.#skills)).map(shownOf)
  }

  // All answers without their pictures, newest first.
  async answers() {
    const kept = await this.#trying(() => this.#store.answers()) ?? []
    return kept.filter((each) => isAnswer(each, this.#skills)).sort((one, other) => other.askedAt - one.askedAt)
  }

  // Returns what puts them back.
  async remove(ids) {
    const removed = await this.#trying(() => this.#store.remove(ids)) ?? []
    this.#leave(ids)
    this.#channel.postMessage({ went: ids })
    return () => this.bringIn(removed)
  }

  // Records as from a file, or as they were removed; they are shown.
  async bringIn(records) {
    if (await this.#putIn(records)) this.#tell("came", records.map(shownOf))
  }

  // Other bounds were chosen, which may be taken back.
  boundsChanged() {
    clearTimeout(this.#soon)
    this.#soon = setTimeout(() => {
      this.#soon = null
      this.keepBounds()
    }, SOON_MS)
    this.#tell("change")
  }

  // Lets go of the oldest while there is too much, or it is too old.
  async keepBounds() {
    if (this.#soon !== null) return
    const gone = tooMuch([...this.#entries.values()], this.#bounds(), Date.now())
    if (gone.length === 0) return
    await this.remove(gone)
    this.#tell("went", gone)
  }

  // Returns whether it was kept.
  async #putIn(records) {
    const isKept = await this.#trying(async () => {
      await this.#store.put(records)
      return true
    })
    if (!isKept) return false
    const entries = records.map(({ answer }) => entryOf(answer))
    this.#enter(entries)
    this.#channel.postMessage({ came: entries })
    await this.keepBounds()
    return true
  }

  // What the browser refuses is said, and nothing else is lost by it.
  async #trying(work) {
    try {
      const done = await work()
      this.#say("")
      return done
    } catch (error) {
      this.#say(error instanceof DOMException ? whyNotKept(error) : FORGETS)
      return null
    }
  }

  async #heard({ came, went }) {
    if (went) {
      this.#leave(went)
      this.#tell("went", went)
    }
    if (came) {
      this.#enter(came)
      this.#tell("came", await this.read(came.map(({ id }) => id)))
    }
  }

  #enter(entries) {
    const known = new Map([...this.#entries, ...entries.map((each) => [each.id, each])])
    this.#entries = new Map([...known].sort(([, one], [, other]) => other.askedAt - one.askedAt))
    this.#changed()
  }

  #leave(ids) {
    for (const id of ids) this.#entries.delete(id)
    this.#changed()
  }

  #changed() {
    this.#amount = null
    this.#tell("change")
  }

  #say(trouble) {
    if (trouble === this.trouble) return
    this.trouble = trouble
    this.#tell("change")
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}

function amountOf(entries) {
  const pictures = new Map(entries.map(({ pictureId, bytes }) => [pictureId, bytes]))
  const bytes = [...pictures.values()].reduce((sum, each) => sum + each, 0)
  return { nPictures: pictures.size, bytes, oldestAt: entries.at(-1)?.askedAt ?? null }
}

function entryOf({ id, askedAt, pictureId, bytes }) {
  return { id, askedAt, pictureId, bytes }
}

function shownOf({ answer, picture }) {
  return { answer, frame: frameOf(picture) }
}
