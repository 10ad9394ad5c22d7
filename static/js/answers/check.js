// A claim beside what was found when it was checked against the same picture.
import { numberIn, numberWord } from "../plain/numbers.js"

const TRUST_DOTS = "Look at the dots before you trust the number."
const TRUST_PICTURE = "Look at the picture before you trust it."
const CLAIM = /^\W*(yes|no)\b/i

// kind: "count", the answer says how many there are, or "presence", whether there is any. nFound: how many were found.
// Returns { words, isSo }, null where the answer claims nothing that could be checked.
export function checkOf(kind, answer, nFound) {
  return kind === "count" ? countChecked(answer, nFound) : presenceChecked(answer, nFound)
}

function countChecked(answer, nFound) {
  const said = numberIn(answer)
  if (said === null) return null
  return checked(`It said ${numberWord(said)} and points at ${foundWord(nFound)}.`, said === nFound, TRUST_DOTS)
}

function presenceChecked(answer, nFound) {
  const claim = answer.match(CLAIM)?.[1].toLowerCase()
  if (!claim) return null
  return checked(`It said ${claim} and finds ${foundWord(nFound)}.`, (claim === "yes") === nFound > 0, TRUST_PICTURE)
}

function checked(words, isSo, doubt) {
  return { words: isSo ? words : `${words} ${doubt}`, isSo }
}

function foundWord(n) {
  return n === 0 ? "none" : numberWord(n)
}
