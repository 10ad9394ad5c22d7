// What a card says of an answer that waits or has ended.
import { age, duration, ordinal, partWords, timeOfAsking, when } from "../plain/words.js"

const ENDINGS = {
  cancelled: "You stopped it here.",
  replaced: "A newer one took its place.",
  length: "Stopped at the length limit.",
}
const PROGRAM_LEFT = "The program left before the end."

export function waitingWords(position) {
  const place = position === 1 ? "This is answered first, about this picture." : `${ordinal(position)} in line.`
  return `Waiting for the model. ${place}`
}

export function inLineWords(position, expectedMs) {
  const place = position === 1 ? "Next in line" : `${ordinal(position)} in line`
  return expectedMs ? `${place}, about ${duration(expectedMs)}` : place
}

// hasLeft: who asked is a program that nobody stopped here.
export function endingOf(reason, { hasLeft }) {
  return reason === "cancelled" && hasLeft ? PROGRAM_LEFT : ENDINGS[reason] ?? ""
}

// When it was asked, and of what part of the picture.
export function askedWords({ spatialRefs, frame }, askedAt) {
  return [timeOfAsking(askedAt, frame), ...partWords(spatialRefs, frame.closer)].join(" · ")
}

// activity: "waiting", "looking" or "answering", null once it has ended.
export function stateWords(request, activity, askedAt, nFound) {
  const { program, isFinding, isReasoning, frame } = request
  if (program) return `${program} ·\u00a0${activity ?? when(askedAt)}`
  if (activity === null) return askedWords(request, askedAt)
  if (activity === "waiting") return `Asked ${age(Date.now() - askedAt)} ago`
  if (activity === "looking") return isReasoning ? `Thinking, ${age(Date.now() - askedAt)}` : "Looking"
  return `${isFinding ? `${nFound} found so far` : "Answering"} · frame ${age(Date.now() - frame.takenAt)} old`
}
