// The sheet behind the model's name while another server answers: which of its models, what there is to know of
// it, a test, and how it is asked.
import { Sheet } from "../plain/sheet.js"
import { write } from "../plain/written.js"
import { AskingForm } from "./asking_form.js"
import { CheckList } from "./check_list.js"
import { FrameChoice } from "./frame_choice.js"
import { ModelList } from "./model_list.js"

// Tells "wish" with what was chosen, by name, "reset" and "undo" of how it is asked, "check", and "opened".
export class ModelSheet extends EventTarget {
  #parts
  #button
  #sheet
  #models
  #frame
  #checks
  #asking
  #isOffered = false

  // button: opens it, once it is offered; template: of one step of a test; measure: as FrameChoice takes it.
  constructor({ sheet, button, template, measure }) {
    super()
    this.#parts = sheet
    this.#button = button
    this.#models = new ModelList(this.#group(["count", "filter", "list", "more", "other", "name"]))
    this.#frame = new FrameChoice(this.#group({ words: "frame", change: "change", choices: "frames", note: "blind" }), measure)
    this.#checks = new CheckList(this.#group({ time: "tested", list: "checks", button: "test", label: "test-label" }), template)
    this.#asking = new AskingForm(this.#group({ form: "asking", reset: "reset", undo: "undo", note: "wrong" }))
    this.#sheet = new Sheet({ sheet, openers: [button], focusFirst: () => this.#models.focus() })
    button.addEventListener("click", () => this.#isOffered && this.#sheet.toggle())
    this.#sheet.addEventListener("opened", () => this.#opened())
    this.#sheet.addEventListener("closed", () => this.#frame.rest())
    this.#models.addEventListener("choose", ({ detail }) => this.#tell("wish", { model: detail }))
    this.#frame.addEventListener("choose", ({ detail }) => this.#tell("wish", detail))
    this.#asking.addEventListener("change", ({ detail }) => this.#tell("wish", detail))
    for (const name of ["reset", "undo"]) this.#asking.addEventListener(name, () => this.#tell(name))
    this.#checks.addEventListener("check", () => this.#tell("check"))
  }

  // From now on the button opens this, and not the menu of facts.
  offer() {
    if (this.#isOffered) return
    this.#isOffered = true
    this.#button.popoverTargetElement = null
    this.#button.removeAttribute("popovertarget")
    this.#button.removeAttribute("aria-haspopup")
    this.#button.setAttribute("aria-controls", this.#parts.id)
    this.#button.ariaExpanded = "false"
  }

  get isOpen() {
    return this.#sheet.isOpen
  }

  // Returns whether there was anything to close.
  retreat() {
    return this.#sheet.retreat()
  }

  // told: { models, chosen, usedLast, nServers, server, skills, speed, used, check, wishes, isUsualAsking }.
  show(told) {
    this.#models.show(told)
    for (const fact of ["server", "skills", "speed", "used"]) this.#write(fact, told[fact])
    this.#frame.show(told.wishes)
    this.#checks.show(told.check)
    this.#asking.show(told.wishes, told.isUsualAsking)
  }

  #opened() {
    this.#models.settle()
    this.#frame.begin()
    this.#tell("opened")
  }

  #write(fact, words) {
    const row = this.#parts.querySelector(`[data-fact="${fact}"]`)
    row.hidden = words === ""
    write(row.querySelector("dd"), words)
  }

  // By its name in a part, each element of the sheet.
  #group(names) {
    const entries = Array.isArray(names) ? names.map((name) => [name, name]) : Object.entries(names)
    return Object.fromEntries(entries.map(([name, block]) => [name, this.#parts.querySelector(`.model__${block}`)]))
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
