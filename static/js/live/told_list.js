// What was told, newest first: the frame it was told of, the rule, how sure it was, when.
import { timeOfDay } from "../plain/words.js"

const N_SHOWN = 10

// Tells "open" with the alert whose row was chosen.
export class ToldList extends EventTarget {
  #section
  #template
  #rows = new Map()
  #alerts = []
  #isWhole = false

  constructor(section, template) {
    super()
    this.#section = section
    this.#template = template
    this.#all.addEventListener("click", () => this.#showAll())
  }

  // alerts: newest first.
  show(alerts, now) {
    this.#alerts = alerts
    const shown = this.#isWhole ? alerts : alerts.slice(0, N_SHOWN)
    this.#forget(new Set(shown.map(({ id }) => id)))
    this.#section.hidden = alerts.length === 0
    this.#place(shown.map((alert) => this.#rowOf(alert).element))
    this.#all.hidden = shown.length === alerts.length
    this.#all.textContent = `Show all ${alerts.length}`
    const today = new Date(now).toDateString()
    const nToday = alerts.filter(({ toldAt }) => new Date(toldAt).toDateString() === today).length
    this.#section.querySelector(".watch__today").textContent = `${nToday} today`
  }

  get #all() {
    return this.#section.querySelector(".watch__all")
  }

  // What stays is not moved: it may have the focus.
  #place(rows) {
    const list = this.#section.querySelector("ol")
    for (const row of [...list.children]) if (!rows.includes(row)) row.remove()
    rows.forEach((row, index) => {
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null)
    })
  }

  #showAll() {
    const firstHidden = this.#alerts[N_SHOWN]
    this.#isWhole = true
    this.show(this.#alerts, Date.now())
    this.#rowOf(firstHidden).element.querySelector("button").focus()
  }

  #rowOf(alert) {
    if (!this.#rows.has(alert.id)) this.#rows.set(alert.id, this.#newRow(alert))
    return this.#rows.get(alert.id)
  }

  #newRow(alert) {
    const element = this.#template.content.firstElementChild.cloneNode(true)
    const url = URL.createObjectURL(alert.frame.blob)
    element.querySelector("img").src = url
    element.querySelector(".told__name").textContent = alert.name
    element.querySelector(".told__brief").textContent = alert.brief
    const time = element.querySelector("time")
    time.textContent = timeOfDay(alert.toldAt)
    time.dateTime = new Date(alert.toldAt).toISOString()
    element.querySelector("button").addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("open", { detail: alert }))
    })
    return { element, url }
  }

  #forget(stays) {
    for (const [id, { url }] of this.#rows) {
      if (stays.has(id)) continue
      URL.revokeObjectURL(url)
      this.#rows.delete(id)
    }
  }
}
