// Keeping a question answered, as one part: the loop's asker, its cards, its pace, its switches and the whole screen.
import { FullScreen } from "./full_screen.js"
import { Gate } from "./gate.js"
import { KeepLooking } from "./keep_looking.js"
import { Live } from "./live.js"
import { LiveList } from "./live_list.js"
import { PaceMenu } from "./pace_menu.js"

// Tells "change" whenever anything about it did, "begun" and "ended" and with both "switched", "found" with
// { object, places, frame }, "said" with what a listener should hear, "look-now", and "watch" with what is asked.
export class Keeping extends EventTarget {
  #live
  #fullScreen
  #keepLooking
  #wanted

  // looks: the loop; parts: { list, template, rowTemplate, pace, switches, view, words };
  // openCard: makes the card of one that was said; wanted: what would be kept now, { asked, title } or null.
  constructor({ looks, parts, openCard, wanted }) {
    super()
    const { list, template, rowTemplate } = parts
    const pace = new PaceMenu(parts.pace)
    this.#live = new Live({ looks, gate: new Gate(), pace: pace.pace })
    this.#fullScreen = new FullScreen(parts)
    this.#keepLooking = new KeepLooking(parts.switches)
    const cards = new LiveList({ live: this.#live, list, template, rowTemplate, openCard })
    this.#wanted = wanted
    this.#keepLooking.addEventListener("toggle", () => this.toggle())
    pace.addEventListener("change", () => { this.#live.pace = pace.pace })
    cards.addEventListener("copied", () => this.#tell("said", "Copied."))
    cards.addEventListener("full-screen", () => this.#fullScreen.toggle())
    cards.addEventListener("shown", ({ detail }) => {
      this.#fullScreen.show(detail)
      this.#tell("change")
    })
    for (const name of ["look-now", "watch"]) cards.addEventListener(name, ({ detail }) => this.#tell(name, detail))
    for (const name of ["found", "said"]) this.#live.addEventListener(name, ({ detail }) => this.#tell(name, detail))
    for (const name of ["begun", "ended"]) {
      this.#live.addEventListener(name, () => {
        this.#tell(name)
        this.#tell("switched")
        this.#tell("change")
      })
    }
  }

  get isOn() {
    return this.#live.isOn
  }

  // "looking", "resting" or "off".
  get activity() {
    return this.#live.activity
  }

  start(asked, title) {
    this.#live.start(asked, title)
  }

  // Returns whether there was anything to stop.
  stop() {
    return this.#live.stop()
  }

  toggle() {
    if (this.stop()) return
    const wanted = this.#wanted()
    if (wanted) this.start(wanted.asked, wanted.title)
  }

  // isOffered: a still picture cannot change.
  showSwitch({ isOffered }) {
    this.#keepLooking.show({ isOn: this.isOn, isOffered })
  }

  connectionLost(retryAt) {
    if (this.isOn) this.#live.troubled({ sentence: "connection lost", retryAt })
  }

  toggleFullScreen() {
    this.#fullScreen.toggle()
  }

  // Returns whether there was anything to close.
  retreat() {
    return this.#fullScreen.close()
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
