// The switch for keys of a single letter among all keys, and the hints that speak of them.

export function showSingleKeys(checkbox, isAllowed) {
  checkbox.checked = isAllowed
  for (const each of document.querySelectorAll("[data-single-key]")) each.dataset.state = isAllowed ? "on" : "off"
}
