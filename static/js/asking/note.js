// What stands under the question: what is wrong with it, how much room is left, what it is about.
import { show, write } from "../plain/written.js"

const LEFT_SHOWN_PART = 0.1
export const KEEPS_LOOKING = "Enter keeps looking with this question."
export const CANNOT_ASK = "You can keep typing. Asking needs a picture and a connection."

export function tooLong(charsLeft) {
  return `${-charsLeft} characters too many.`
}

// trouble: why it was not asked, "" for no reason; charsLeft of limit; hasWords; isAskable: whether anything can be asked;
// about: what it is about where that is not now, or ""; isOther: whether another question is kept answered; note: what
// has to be known of the model.
export function noteWords({ trouble, charsLeft, limit, hasWords, isAskable, about, isOther, note }) {
  if (trouble) return trouble
  if (charsLeft < 0) return tooLong(charsLeft)
  if (charsLeft <= LEFT_SHOWN_PART * limit) return `${charsLeft} left`
  if (!isAskable && hasWords) return CANNOT_ASK
  return about || (isOther ? KEEPS_LOOKING : note)
}

export function showNote(element, words, isTrouble) {
  write(element, words)
  show(element, words !== "")
  element.dataset.state = isTrouble ? "trouble" : ""
}
