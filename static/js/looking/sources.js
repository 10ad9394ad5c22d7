// The menu of what to look at: each camera, a picture, nothing; and how closely.
import { recall, remember } from "../plain/memory.js"
import { placeBeside } from "../plain/popover.js"
import { DETAIL, FAST } from "./frame.js"

const OTHER_CHOICES = [["picture", "A picture…"], ["off", "Camera off"]]

// Tells "camera" with a device id, "picture" and "off" as they are chosen, and "detail".
export class Sources extends EventTarget {
  #menu
  #cameras
  #buttons

  // buttons: each opens the menu, one is seen at each width; the first also shows what is chosen.
  constructor({ menu, cameras, buttons }) {
    super()
    this.#menu = menu
    this.#cameras = cameras
    this.#buttons = buttons
    menu.querySelector(`[value="${recall("detail") === "fast" ? "fast" : "detail"}"]`).checked = true
    menu.addEventListener("change", (event) => this.#chosen(event.target))
    menu.addEventListener("toggle", (event) => event.newState === "open" && this.#place())
  }

  // How closely to look, as frame.js takes it.
  get detail() {
    return this.#menu.querySelector("[name=detail]:checked").value === FAST.name ? FAST : DETAIL
  }

  // Whether that is chosen here.
  showDetail(isOffered) {
    this.#menu.querySelector(".sources__detail").hidden = !isOffered
  }

  open() {
    this.#menu.showPopover()
  }

  showName(name) {
    this.#buttons[0].querySelector(".source__label").textContent = name
  }

  // cameras: MediaDeviceInfo[]; current: a device id, "picture" or "off".
  showCameras(cameras, current) {
    const named = cameras.map(({ deviceId, label }, index) => [deviceId, label || `Camera ${index + 1}`])
    const rows = [...named, ...OTHER_CHOICES].map(([value, name]) => choice(value, name, value === current))
    this.#cameras.replaceChildren(this.#cameras.querySelector("legend"), ...rows)
  }

  #chosen(input) {
    if (input.name === "detail") {
      remember("detail", input.value)
      return this.dispatchEvent(new Event("detail"))
    }
    this.#menu.hidePopover()
    if (input.value === "picture" || input.value === "off") this.dispatchEvent(new Event(input.value))
    else this.dispatchEvent(new CustomEvent("camera", { detail: input.value }))
  }

  #place() {
    placeBeside(this.#menu, this.#buttons.find((each) => each.checkVisibility()))
  }
}

function choice(value, name, isChecked) {
  const label = Object.assign(document.createElement("label"), { className: "sources__choice" })
  const input = document.createElement("input")
  Object.assign(input, { type: "radio", name: "source", value, checked: isChecked })
  const words = Object.assign(document.createElement("span"), { textContent: name, dir: "auto" })
  label.append(input, words)
  return label
}
