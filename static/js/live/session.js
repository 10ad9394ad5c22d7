// One question that is kept answered: what was said about it, since when, and the words of its state.
import { age, duration, timeOfDay } from "../plain/words.js"
import { AS_IT_CHANGES } from "./pace.js"

const MAX_BEFORE = 200
const RATE_OVER_MS = 5000
// Fewer looks make no rate.
const FEWEST_FOR_RATE = 3
// So long after its last look a loop that looks as it changes is said to rest.
const RESTS_AFTER_MS = 1500

const ASLEEP = {
  hidden: "Paused while this tab is hidden",
  camera: "Paused while there is no picture",
  frozen: "The picture stands still",
  black: "The picture is black",
  model: "Paused until the model is ready",
}

// What was said: { sentence, places, frame, since }, since: when it was first so.
export class Session {
  begunAt
  endedAt = null
  said = null
  // Newest first, without what is said now.
  before = []
  nDifferent = 0
  sleep = null
  trouble = null
  #looks = []
  #frameTakenAt = null
  #isEqual = false

  // asked: { skill, question or object }; title: it in words; object: what it looks for, if anything.
  constructor({ asked, title, now }) {
    this.asked = asked
    this.title = title
    this.begunAt = now
  }

  get isOn() {
    return this.endedAt === null
  }

  // Takes one more answer in; returns whether it says something different.
  answer({ sentence, places, frame, now }) {
    this.trouble = null
    this.#frameTakenAt = frame.takenAt
    this.#looks = [...this.#looks.filter((at) => isWithin(now - at, RATE_OVER_MS)), now]
    this.#isEqual = this.said !== null && isSame(sentence, this.said.sentence)
    if (this.#isEqual) {
      Object.assign(this.said, { places, frame })
      return false
    }
    if (this.said) this.before = [this.said, ...this.before].slice(0, MAX_BEFORE)
    this.said = { sentence, places, frame, since: now }
    this.nDifferent += 1
    return true
  }

  end(now) {
    this.endedAt = now
    this.trouble = null
  }

  resume(now) {
    this.begunAt = now
    this.endedAt = null
    this.sleep = null
    this.#looks = []
  }

  isResting(pace, now) {
    return this.#isWaiting(pace) && !isWithin(now - this.#looks.at(-1), RESTS_AFTER_MS)
  }

  // "looking", "resting" while nothing moves, or "off": what the corners of the picture tell.
  activity(pace, now) {
    if (!this.isOn || this.sleep || this.trouble) return "off"
    return this.isResting(pace, now) ? "resting" : "looking"
  }

  rateWords(pace, now) {
    if (!this.isOn || this.sleep || this.trouble) return ""
    if (this.said === null) return "Looking"
    if (this.isResting(pace, now)) return "Looks when it moves"
    const looks = this.#looks.filter((at) => isWithin(now - at, RATE_OVER_MS))
    if (looks.length < FEWEST_FOR_RATE) return "Looking"
    return `${(1000 * (looks.length - 1) / Math.max(1, looks.at(-1) - looks[0])).toFixed(1)} looks a second`
  }

  stateWords(pace, now) {
    if (!this.isOn) return this.#endWords()
    if (this.trouble) return troubleWords(this.trouble, now)
    const sentence = ASLEEP[this.sleep?.why]
    if (sentence) return this.said ? `${sentence} · as of ${timeOfDay(this.#frameTakenAt)}` : sentence
    if (this.said === null) return "Waiting for the first answer"
    if (this.isResting(pace, now)) return `Unchanged for ${age(now - this.said.since)}`
    const old = `frame ${duration(Math.max(0, now - this.#frameTakenAt))} old`
    return this.#isEqual ? `Still so, ${age(now - this.said.since)} · ${old}` : old
  }

  #isWaiting(pace) {
    return pace === AS_IT_CHANGES && this.#looks.length > 0
  }

  #endWords() {
    const n = this.nDifferent
    return `Kept looking for ${age(this.endedAt - this.begunAt)}, ${n} different ${n === 1 ? "answer" : "answers"}.`
  }
}

// retryAt: null while somebody else counts down.
function troubleWords({ sentence, retryAt }, now) {
  const words = `Trouble: ${sentence.replace(/[.\s]+$/, "")}.`
  return retryAt === null ? words : `${words} Next look in ${age(Math.max(0, retryAt - now))}.`
}

function isWithin(passedMs, limitMs) {
  return passedMs >= 0 && passedMs <= limitMs
}

// The same words are the same answer, whatever their spaces, capitals and last full stop.
export function isSame(one, other) {
  return plain(one) === plain(other)
}

function plain(words) {
  return words.trim().replace(/\s+/g, " ").replace(/[.!]+$/, "").toLowerCase()
}
