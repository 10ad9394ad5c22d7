// The sheet of what is watched for: another rule, the rules there are, and what was told.
import { FORGETS } from "../plain/database.js"
import { showPhase } from "../plain/moon.js"
import { Sheet } from "../plain/sheet.js"
import { MAX_RULES } from "./rule.js"
import { RuleForm } from "./rule_form.js"
import { RuleRow } from "./rule_row.js"
import { ToldList } from "./told_list.js"

const TICK_MS = 500

// Tells "open" with an alert that a person wants to see again, "opened" and "closed".
export class WatchSheet extends EventTarget {
  #parts
  #sheet
  #bells
  #templates
  #watching
  #log
  #maxChars
  #form
  #told
  #rows = new Map()
  #editing = null
  #saidOfKeeping = ""
  #ticking = null

  // bells: the buttons that open it; door: what leads to them where they are in a menu; templates: { form, rule,
  // told }; log: what was told; webhook: { host, hasFrames } of where alerts are sent to as well, host "" for
  // nowhere.
  constructor({ sheet, bells, door, templates, watching, log, maxChars, webhook }) {
    super()
    this.#parts = sheet
    this.#sheet = new Sheet({ sheet, openers: bells, door, focusFirst: () => this.#form.focus() })
    this.#bells = bells
    this.#templates = templates
    this.#watching = watching
    this.#log = log
    this.#maxChars = maxChars
    this.#form = new RuleForm(templates.form, { maxChars })
    this.#form.addEventListener("made", ({ detail }) => this.#add(detail))
    this.#form.addEventListener("cancel", () => this.#form.focus())
    this.#part("new").append(this.#form.element)
    this.#told = new ToldList(this.#part("told"), templates.told)
    this.#told.addEventListener("open", ({ detail }) => this.#tell("open", detail))
    this.#showWebhook(webhook)
    for (const bell of bells) bell.addEventListener("click", () => this.#sheet.toggle())
    this.#sheet.addEventListener("opened", () => this.#opened())
    this.#sheet.addEventListener("closed", () => this.#closed())
    watching.addEventListener("change", () => this.#render())
    log.addEventListener("change", () => this.#renderTold())
    this.#render()
    this.#renderTold()
  }

  get isOpen() {
    return this.#sheet.isOpen
  }

  open() {
    this.#sheet.open()
  }

  // What is asked already, as words for another rule: { question } or { object }.
  offer({ question, object }) {
    this.#form.write(object ?? question, object === undefined ? "question" : "object")
    this.open()
  }

  close() {
    this.#sheet.close()
  }

  // Returns whether there was anything to close.
  retreat() {
    return this.#sheet.retreat()
  }

  #opened() {
    this.#ticking = setInterval(() => this.#renderRows(), TICK_MS)
    this.#render()
    this.#renderTold()
    this.#tell("opened")
  }

  #closed() {
    clearInterval(this.#ticking)
    this.#tell("closed")
  }

  #add(rule) {
    if (!this.#watching.add(rule)) return this.#form.note(this.#watching.refusal)
    this.#form.clear()
    this.#form.focus()
  }

  #render() {
    this.#showBells()
    const { entries } = this.#watching
    if (this.isOpen) this.#renderRows()
    this.#part("rules").hidden = entries.length + [...this.#rows.values()].filter((row) => row.isLeaving).length === 0
    this.#part("count").textContent = `${entries.length} of ${MAX_RULES}`
    this.#showKept()
  }

  // Rows stay the elements they are: whoever has the focus on one keeps it.
  #renderRows() {
    const { entries } = this.#watching
    const list = this.#part("rules").querySelector("ul")
    const now = Date.now()
    this.#dropRows(new Set(entries.map(({ rule }) => rule.id)))
    let above = null
    for (const entry of entries) {
      const row = this.#rows.get(entry.rule.id) ?? this.#newRow(entry.rule.id)
      if (!row.element.isConnected) above ? above.after(row.element) : list.prepend(row.element)
      row.show(entry, this.#watching.sleepOf(entry.rule), now)
      above = row.element
    }
  }

  // Rules that another tab deleted; here, there is a way back for a while.
  #dropRows(stays) {
    for (const [id, row] of this.#rows) if (!stays.has(id) && !row.isLeaving) this.#forget(id, row)
  }

  #newRow(id) {
    const row = new RuleRow(this.#templates.rule)
    this.#rows.set(id, row)
    row.addEventListener("turn", ({ detail }) => this.#watching.turn(id, detail))
    row.addEventListener("open", () => this.#edit(id, row))
    return row
  }

  #edit(id, row) {
    this.#editing?.cancel()
    const { rule } = this.#watching.entries.find((entry) => entry.rule.id === id)
    const form = new RuleForm(this.#templates.form, { maxChars: this.#maxChars, rule })
    this.#editing = form
    const done = () => {
      this.#editing = null
      row.rest()
    }
    form.addEventListener("made", ({ detail }) => {
      done()
      this.#watching.replace(detail)
      row.focus()
    })
    form.addEventListener("cancel", () => {
      const hadFocus = form.hasFocus
      done()
      if (hadFocus) row.focus()
    })
    form.addEventListener("delete", () => {
      done()
      this.#delete(id, row)
    })
    row.edit(form.element)
    form.focus()
  }

  #delete(id, row) {
    row.leave()
    const removed = this.#watching.remove(id)
    const isOver = new AbortController()
    const undo = () => {
      if (!this.#watching.restore(removed)) return this.#form.note(this.#watching.refusal)
      isOver.abort()
      row.rest()
      row.focus()
    }
    row.addEventListener("undo", undo, isOver)
    row.addEventListener("gone", () => {
      this.#forget(id, row)
      this.#render()
    }, isOver)
  }

  #forget(id, row) {
    const hadFocus = row.element.contains(document.activeElement)
    this.#rows.delete(id)
    row.element.remove()
    if (hadFocus) this.#form.focus()
  }

  #renderTold() {
    if (this.isOpen) this.#told.show(this.#log.alerts, Date.now())
    this.#showKept()
  }

  #showKept() {
    const sentence = this.#watching.isKept ? this.#log.trouble : FORGETS
    if (sentence === this.#saidOfKeeping) return
    this.#saidOfKeeping = sentence
    this.#part("kept").hidden = sentence === ""
    this.#part("kept").textContent = sentence
  }

  #showWebhook({ host, hasFrames }) {
    this.#part("host").hidden = host === ""
    this.#part("host").textContent = `Alerts go to ${host}, ${hasFrames ? "with" : "without"} pictures.`
  }

  #showBells() {
    const { entries, nAwake } = this.#watching
    const rules = entries.length === 1 ? "1 rule" : `${entries.length} rules`
    for (const bell of this.#bells) {
      bell.ariaLabel = entries.length === 0 ? "Watch for it" : `Watch for it: ${rules}, ${nAwake} awake`
      bell.querySelector(".bell__count").textContent = entries.length || ""
      bell.querySelector(".moon").toggleAttribute("hidden", nAwake === 0)
      showPhase(bell.querySelector(".moon"), 1)
    }
  }

  #part(name) {
    return this.#parts.querySelector(`.watch__${name}`)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
