// The switch for keys of a single letter, remembered, and the hints that speak of them.
import { recall, remember } from "../plain/memory.js"

export function offerSingleKeys(checkbox, keyboard) {
  const allow = (isAllowed) => {
    keyboard.hasSingleKeys = isAllowed
    for (const each of document.querySelectorAll("[data-single-key]")) each.dataset.state = isAllowed ? "on" : "off"
  }
  checkbox.checked = recall("single-keys") !== "off"
  allow(checkbox.checked)
  checkbox.addEventListener("change", () => {
    remember("single-keys", checkbox.checked ? "on" : "off")
    allow(checkbox.checked)
  })
}
