// What the browser remembers from one visit to the next; a browser that refuses to is not an error.

const PREFIX = "moonsight."

export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name)
  } catch {
    return null
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value)
  } catch {
    // Private windows and full disks: the choice holds for this visit only.
  }
}
