// How often the loop looks: as it changes, back to back, or every so many seconds.

export const AS_IT_CHANGES = "as it changes"
export const BACK_TO_BACK = "back to back"
export const SHORTEST_S = 0.25
export const LONGEST_S = 60
export const USUAL_S = 2

// text: as it is remembered, or as a person writes a number of seconds ("2", "0,5").
// Returns AS_IT_CHANGES, BACK_TO_BACK, or seconds within what is offered; null for anything else.
export function readPace(text) {
  if (text === AS_IT_CHANGES || text === BACK_TO_BACK) return text
  const words = String(text ?? "").trim().replace(",", ".")
  const seconds = Number(words)
  if (words === "" || !Number.isFinite(seconds)) return null
  return Math.min(LONGEST_S, Math.max(SHORTEST_S, seconds))
}

// hasNews: asked only where it matters; lastAt: when the last frame was taken, null before the first.
export function isDue(pace, { hasNews, now, lastAt }) {
  if (lastAt === null || pace === BACK_TO_BACK) return true
  if (pace === AS_IT_CHANGES) return hasNews()
  // A clock that was put back makes the next look due, instead of far away.
  const passedMs = now - lastAt
  return passedMs >= 1000 * pace || passedMs < 0
}

export function paceWords(pace) {
  if (pace === AS_IT_CHANGES) return "As it changes"
  if (pace === BACK_TO_BACK) return "Back to back"
  return `Every ${pace} s`
}
