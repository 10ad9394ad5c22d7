// What the browser remembers from one visit to the next; a browser that refuses to is not an error.

const PREFIX = "moonsight."

export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name)
  } catch {
    return null
  }
}

// What was remembered as values by their names: none where it is anything else, whoever wrote it.
export function recallValues(name) {
  try {
    return JSON.parse(recall(name)) ?? {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

// Returns false in private windows and on full disks: the choice holds for this visit only.
export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value)
    return true
  } catch {
    return false
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(PREFIX + name)
  } catch {
    // What cannot be kept was not.
  }
}

// Calls back when another tab of the page remembers something else by this name.
export function followMemory(name, onChange) {
  addEventListener("storage", ({ key }) => key === PREFIX + name && onChange())
}
