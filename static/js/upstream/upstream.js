// Another server that answers, as one part: which of its models, how it is asked, what it took, and its sheet.
import { listed } from "../plain/words.js"
import { Checks } from "./checks.js"
import { Figures } from "./figures.js"
import { ModelSheet } from "./model_sheet.js"
import { Wishes } from "./wishes.js"

const READS_TEXT_ONLY = "It reads text only. Choose a model that sees."

// Tells "change" when anything about it did that others go by, "check" with { id, wishes }, and "opened" when its
// sheet is.
export class Upstream extends EventTarget {
  #sheet
  #skills
  #told = null
  #wishes = null
  #usedLast = ""
  #checks = new Checks()
  #figures = new Map()
  #asked = new Map()
  #before = null
  #frameSize = null
  #since = Date.now()

  // parts: { sheet, button, template }; measure: as ModelSheet takes it; skills: by name, how each is called.
  constructor({ parts, measure, skills }) {
    super()
    this.#skills = skills
    this.#sheet = new ModelSheet({ ...parts, measure })
    this.#sheet.addEventListener("wish", ({ detail }) => this.#wish(detail))
    this.#sheet.addEventListener("reset", () => this.#reset())
    this.#sheet.addEventListener("undo", () => this.#wish(this.#before))
    this.#sheet.addEventListener("check", () => this.#check())
    this.#sheet.addEventListener("opened", () => this.dispatchEvent(new Event("opened")))
  }

  // The model's status as it is told, and "change" with it.
  take(status) {
    this.#told = status
    if (status.upstream) this.#follow(status.upstream)
    this.#changed()
  }

  // The same, of the model that this page chose.
  get status() {
    return this.#isThere ? { ...this.#told, model: this.#model } : this.#told
  }

  // How a request is asked, null where no other server answers.
  get wishes() {
    return this.#isThere ? this.#wishes.values : null
  }

  // { longerSidePx, quality } of the frames that are sent, the same while nothing else is chosen; null where the
  // page's own sizes count.
  get frameSize() {
    return this.#frameSize
  }

  // Skills that the model has not, by name, each with the reason.
  get missing() {
    return this.#abilities?.missing ?? {}
  }

  // What has to be known before anything is asked, "" for nothing.
  get note() {
    return this.#abilities?.sees === false ? READS_TEXT_ONLY : ""
  }

  // Returns the request as it is sent.
  asking(request) {
    if (!this.#isThere) return request
    this.#asked.set(request.id, this.#model)
    return { ...request, wishes: this.#wishes.values }
  }

  checked(step) {
    this.#checks.add(step)
    this.#show()
  }

  // Takes what an answer took. Returns whether the response was to a test.
  finish(response) {
    const model = this.#asked.get(response.id)
    this.#asked.delete(response.id)
    if (model !== undefined) this.#figuresOf(model).add(response)
    const wasTest = this.#checks.end(response)
    this.#show()
    return wasTest
  }

  // Nothing that was asked will be answered.
  giveUp() {
    this.#asked.clear()
    this.#checks.giveUp()
    this.#show()
  }

  get isOpen() {
    return this.#sheet.isOpen
  }

  // Returns whether there was anything to close.
  retreat() {
    return this.#sheet.retreat()
  }

  get #isThere() {
    return this.#wishes !== null && this.#told.upstream !== null
  }

  get #model() {
    return this.#wishes.values.model || this.#told.model
  }

  get #abilities() {
    return this.#isThere ? this.#told.upstream.abilities.find(({ model }) => model === this.#model) : null
  }

  // Servers are named at the start and stay the same.
  #follow({ hosts }) {
    if (this.#wishes) return
    this.#wishes = new Wishes(hosts)
    this.#usedLast = this.#wishes.values.model
    this.#sheet.offer()
  }

  #wish(changes) {
    this.#wishes.set(changes)
    this.#changed()
  }

  #reset() {
    this.#before = this.#wishes.resetAsking()
    this.#changed()
  }

  #check() {
    const id = this.#checks.begin(this.#model)
    this.#show()
    this.dispatchEvent(new CustomEvent("check", { detail: { id, wishes: this.#wishes.values } }))
  }

  #figuresOf(model) {
    if (!this.#figures.has(model)) this.#figures.set(model, new Figures())
    return this.#figures.get(model)
  }

  #changed() {
    this.#resize()
    this.#show()
    this.dispatchEvent(new Event("change"))
  }

  // Frames that were sent ahead are compared by it.
  #resize() {
    if (!this.#isThere) return void (this.#frameSize = null)
    const { longerSidePx, quality } = this.#wishes.values
    const isSame = this.#frameSize?.longerSidePx === longerSidePx && this.#frameSize.quality === quality
    if (!isSame) this.#frameSize = { longerSidePx, quality }
  }

  #show() {
    if (!this.#isThere) return
    const { hosts, isHere, models } = this.#told.upstream
    const figures = this.#figuresOf(this.#model)
    this.#sheet.show({
      models,
      chosen: this.#model,
      usedLast: this.#usedLast,
      nServers: hosts.length,
      server: `${listed(hosts)}${isHere ? ", on this computer" : ""}`,
      skills: this.note || this.#skillWords(),
      speed: figures.speedWords,
      used: figures.usedWords(this.#since),
      check: this.#checks.of(this.#model),
      wishes: this.#wishes.values,
      isUsualAsking: this.#wishes.isUsualAsking,
    })
  }

  // "Ask, Describe. Find and Point are left out: no places came back in the test."
  #skillWords() {
    const { missing } = this
    const offered = Object.keys(this.#skills).filter((skill) => !(skill in missing)).map((skill) => this.#skills[skill])
    const left = Map.groupBy(Object.keys(missing).filter((skill) => skill in this.#skills), (skill) => missing[skill])
    const sentences = [...left].map(([reason, skills]) => {
      const names = listed(skills.map((skill) => this.#skills[skill]))
      return `${names} ${skills.length === 1 ? "is" : "are"} left out: ${reason.replace(/[.\s]+$/, "")}.`
    })
    return [`${offered.join(", ")}.`, ...sentences].join(" ")
  }
}
