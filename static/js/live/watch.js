// Watching for something, as one part: the rules, their asker, the sheet they are made on, and how alerts are told.
import { AlertLog } from "./alert_log.js"
import { Alerts } from "./alerts.js"
import { Gate } from "./gate.js"
import { Tones } from "./tones.js"
import { WatchSheet } from "./watch_sheet.js"
import { Watching } from "./watching.js"

// Tells "change" when another number of rules is awake, "told" with an alert, "open" with one that a person
// wants to see again, and "opened" when its sheet is.
export class Watch extends EventTarget {
  #watching
  #sheet

  // looks: the loop; parts: { sheet, bells, door, templates }; skills, maxChars: { question, object };
  // webhook: { host, hasFrames }; announcer: says a sentence at once to those who listen.
  constructor({ looks, parts, skills, maxChars, webhook, announcer }) {
    super()
    const log = new AlertLog()
    const alerts = new Alerts({ log, tones: new Tones(), announcer })
    this.#watching = new Watching({ gate: new Gate(), skills, maxChars })
    this.#sheet = new WatchSheet({ ...parts, watching: this.#watching, log, maxChars, webhook })
    this.#watching.addEventListener("alert", ({ detail }) => alerts.tell(detail).catch(reportError))
    this.#watching.addEventListener("change", () => this.#follow(looks))
    alerts.addEventListener("told", ({ detail }) => this.#tell("told", detail))
    this.#sheet.addEventListener("open", ({ detail }) => this.#open(detail))
    this.#sheet.addEventListener("opened", () => this.#tell("opened"))
    this.#follow(looks)
    this.#watching.follow()
    log.open().catch(reportError)
  }

  get nAwake() {
    return this.#watching.nAwake
  }

  get isOpen() {
    return this.#sheet.isOpen
  }

  // missing: skills that the model has not, by name, each with the reason.
  set missing(missing) {
    this.#watching.missing = missing
  }

  open() {
    this.#sheet.open()
  }

  // What is asked already, as words for another rule: { question } or { object }.
  offer(asked) {
    this.#sheet.offer(asked)
  }

  // Returns whether there was anything to close.
  retreat() {
    return this.#sheet.retreat()
  }

  // The loop looks for it as long as there is a rule to look for.
  #follow(looks) {
    if (this.#watching.nOn > 0) looks.add(this.#watching)
    else looks.remove(this.#watching)
    this.#tell("change")
  }

  // What it is shown on stands where the sheet stands.
  #open(alert) {
    this.#sheet.close()
    this.#tell("open", alert)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
