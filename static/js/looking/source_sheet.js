// The sheet of what to look at: each camera and what else there is, how closely, and how it is shown.
import { recall, remember } from "../plain/memory.js"
import { Sheet } from "../plain/sheet.js"
import { kilobytes } from "../plain/words.js"
import { write } from "../plain/written.js"
import { DETAIL, FAST } from "./frame.js"
import { NETWORK } from "./network_camera.js"
import { Screen } from "./screen.js"

// What opens a question of the browser's, each time it is chosen.
const ASKED_EACH_TIME = ["screen", "film", "picture"]
const ICONS = { screen: "screen", film: "film", picture: "picture", card: "card" }
const MEASURE_INTERVAL_MS = 4000

// Tells "choose" with a device id, NETWORK and a name, "screen", "film", "picture", "card" or "off"; "detail" and
// "mirror" as they are switched; "turn" for the other camera of a phone, "freeze", "full" for the whole screen, and
// "opened".
export class SourceSheet extends EventTarget {
  #parts
  #sheet
  #buttons
  #template
  #costs
  #names
  #current = null
  #measuring = null

  // buttons: each opens it, one is seen at each width, and the first shows what is chosen; template: the row of a
  // camera; costs: promises what each of several sizes takes now, { width, height, bytes }, null where nothing is seen.
  // names: of the cameras in the network.
  constructor({ sheet, buttons, template, costs, names }) {
    super()
    this.#parts = sheet
    this.#buttons = buttons
    this.#template = template
    this.#costs = costs
    this.#names = names
    this.#sheet = new Sheet({ sheet, openers: buttons, focusFirst: () => this.#focus() })
    this.#sheet.addEventListener("opened", () => this.#opened())
    this.#sheet.addEventListener("closed", () => this.#closed())
    for (const button of buttons) button.addEventListener("click", () => this.#sheet.toggle())
    sheet.querySelector(`[value="${recall("detail") === "fast" ? "fast" : "detail"}"]`).checked = true
    sheet.querySelector("[name=mirror]").checked = recall("mirror") === "on"
    sheet.querySelector("[value=screen]").closest("label").hidden = !Screen.isOffered
    sheet.addEventListener("click", ({ target }) => target.name === "source" && this.#chosen(target.value))
    sheet.addEventListener("change", ({ target }) => this.#switched(target))
    for (const name of ["turn", "freeze", "full"]) this.#part(name).addEventListener("click", () => this.#act(name))
  }

  get isOpen() {
    return this.#sheet.isOpen
  }

  // How closely to look, as frame.js takes it.
  get detail() {
    return this.#parts.querySelector("[name=detail]:checked").value === FAST.name ? FAST : DETAIL
  }

  get isMirrored() {
    return this.#parts.querySelector("[name=mirror]").checked
  }

  toggleMirror() {
    this.#parts.querySelector("[name=mirror]").click()
  }

  open() {
    this.#sheet.open()
  }

  close() {
    if (this.isOpen) this.#sheet.close()
  }

  // Returns whether there was anything to close.
  retreat() {
    return this.#sheet.retreat()
  }

  // Whether how closely is chosen here.
  showDetail(isOffered) {
    this.#parts.querySelector(".sources__detail").hidden = !isOffered
  }

  // name: what is looked at; kind: as Sources has it.
  showName(name, kind) {
    write(this.#buttons[0].querySelector(".source__label"), name)
    this.#buttons[0].querySelector("use").setAttribute("href", `#icon-${ICONS[kind] ?? "camera"}`)
  }

  // cameras: MediaDeviceInfo[]; current: what "choose" would tell of it.
  showSources(cameras, current) {
    this.#current = current
    const rows = [
      ...cameras.map(({ deviceId, label }, index) => this.#row(deviceId, label || `Camera ${index + 1}`)),
      ...this.#names.map((name) => this.#row(NETWORK + name, name, "Named at the start, over the network")),
    ]
    const focused = this.#parts.contains(document.activeElement) ? document.activeElement.value : null
    for (const old of this.#parts.querySelectorAll(".sources__camera")) old.remove()
    this.#parts.querySelector("#sources-cameras legend").after(...rows)
    for (const input of this.#parts.querySelectorAll("[name=source]")) {
      input.checked = input.value === current
      if (input.value === focused) input.focus({ preventScroll: true })
    }
    this.#follow()
  }

  // What of the view there is to choose: facing, where a phone's camera looks, if there is another one.
  showView({ isCamera, canFreeze, facing }) {
    this.#parts.querySelector("[name=mirror]").closest("label").hidden = !isCamera
    this.#part("turn").hidden = !facing
    write(this.#part("turn-words"), facing === "user" ? "Use the back camera" : "Use the front camera")
    this.#part("freeze").dataset.offered = String(canFreeze)
  }

  #focus() {
    const chosen = this.#parts.querySelector("[name=source]:checked") ?? this.#parts.querySelector("[name=source]")
    chosen.focus({ preventScroll: true })
  }

  #opened() {
    this.#measuring ??= setInterval(() => this.#follow(), MEASURE_INTERVAL_MS)
    this.#follow()
    this.dispatchEvent(new Event("opened"))
  }

  #closed() {
    clearInterval(this.#measuring)
    this.#measuring = null
  }

  #chosen(value) {
    if (value === this.#current && !ASKED_EACH_TIME.includes(value)) return
    this.dispatchEvent(new CustomEvent("choose", { detail: value }))
  }

  #switched({ name, value, checked }) {
    if (name === "detail") remember("detail", value)
    if (name === "mirror") remember("mirror", checked ? "on" : "off")
    if (name === "detail" || name === "mirror") this.dispatchEvent(new Event(name))
  }

  #act(name) {
    if (name !== "turn") this.close()
    this.dispatchEvent(new Event(name))
  }

  #row(value, name, note = "") {
    const row = this.#template.content.firstElementChild.cloneNode(true)
    row.querySelector("input").value = value
    row.querySelector("small").textContent = note
    if (note) row.querySelector("use").setAttribute("href", "#icon-network")
    row.querySelector(".sources__name").textContent = name
    return row
  }

  #follow() {
    if (this.isOpen) this.#showCosts().catch(reportError)
  }

  async #showCosts() {
    const costs = await this.#costs([FAST, DETAIL])
    for (const [at, { name }] of [FAST, DETAIL].entries()) {
      const cost = costs[at]
      const part = this.#part(`cost-${name}`)
      part.hidden = cost === null
      this.#part(`usual-${name}`).hidden = cost !== null
      if (cost) write(part, `${cost.width} × ${cost.height}, ${kilobytes(cost.bytes)}: `)
    }
  }

  #part(name) {
    return this.#parts.querySelector(`.sources__${name}`)
  }
}
