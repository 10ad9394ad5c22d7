// How looks become alerts: one state for each rule, what a look makes of it, and the words for it. Pure: all
// times are handed in, in milliseconds of the wall clock, which may jump.
//
//   What is so is known once N of the last M looks say it, and stays known until as many say the opposite.
//   It is told when it becomes known, also when it was so from the start: whoever makes a rule about an open
//   door wants to hear that it is open. Only what "goes" has to be seen first.
//   It is not told again before it was known not to be so, and never while the rule is quiet. What became so
//   in that time and still is afterwards is told then.
import { age, clock, duration } from "../plain/words.js"
import { askedOf, nameOf, QUIET, SURE } from "./rule.js"

export const ANSWERS = ["yes", "no"]

// Older looks confirm nothing: what was so a minute ago says little of now.
export const HOLD_MS = 60_000

// The likelihoods are relative: around a half, noise alone turns the answer over. Three to two is asked for,
// and the looks that confirm each other do the rest.
const LEAST_PROBABILITY = 0.6

// As much as a webhook takes of it.
const MAX_NAME_CHARS = 200

const UNREADABLE = "The answer was neither yes nor no."
const SLEEPING = {
  starting: "it has not looked yet",
  hidden: "this tab was hidden",
  camera: "the camera is lost",
  frozen: "the picture stands still",
  black: "the picture is black",
  model: "the model is not ready",
  connection: "not connected",
}

// past: { isSo, isDue, toldAt }, as `pastOf` returns it.
export function newState(rule, past = {}, now = 0) {
  const { isSo = null, isDue = false, toldAt = null } = past
  const nothingSeen = { looks: [], verdict: null, trouble: null, isOwed: true }
  return requieted(rule, { isSo, isDue, toldAt, quietUntil: null, ...nothingSeen, seenAt: now }, now)
}

// What is worth keeping for the next visit.
export function pastOf({ isSo, isDue, toldAt }) {
  return { isSo, isDue, toldAt }
}

// Switched on again, a rule tells what is so by then, but is still quiet for as long as it was.
export function restarted(state) {
  return { ...state, isSo: null, isDue: false, looks: [], verdict: null, trouble: null, isOwed: true }
}

// Quiet for as long as the rule says, from when it last told; never for longer, whatever the clock says.
export function requieted(rule, state, now) {
  const { toldAt } = state
  return { ...state, quietUntil: toldAt === null ? null : Math.min(toldAt, now) + QUIET[rule.quiet].ms }
}

// What one response says: { isSo, words, at } with isSo null when it is not sure, and { count } or
// { answer, probability }, null where nobody can tell; or { trouble } with a sentence; null when it was broken off.
export function verdictOf(rule, { reason, places, choice, probabilities }, at) {
  if (!wasAnswered({ reason })) return null
  return rule.kind === "object" ? countOf(rule, places ?? [], at) : likelihoodOf(rule, choice, probabilities, at)
}

export function wasAnswered({ reason }) {
  return reason === "stop" || reason === "length"
}

function countOf({ when, limit }, { length: count }, at) {
  const isSo = { appears: count > 0, goes: count === 0, more: count > limit }[when]
  return { isSo, count, words: count === 0 ? "none found" : `${count} found`, at }
}

// A model that cannot say how likely its answer is gives the answer alone.
function likelihoodOf({ when }, choice, probabilities, at) {
  if (probabilities === null && ANSWERS.includes(choice)) {
    return { isSo: choice === when, answer: choice, probability: null, words: choice, at }
  }
  const probability = probabilities?.[ANSWERS.indexOf(choice)]
  if (!(probability >= 0 && probability <= 1)) return { trouble: UNREADABLE }
  const isSure = probability >= LEAST_PROBABILITY
  const words = `${isSure ? "" : "not sure, "}${choice}, ${probability.toFixed(2)}`
  return { isSo: isSure ? choice === when : null, answer: choice, probability, words, at }
}

// It is asked, and until it is answered an answer is owed, whatever becomes of the asking.
export function asked(state) {
  return { ...state, isOwed: true }
}

// A look that gave no verdict: what is known stays. retryAt: when it is looked again, null when nobody knows.
export function troubled(state, { sentence, retryAt = null }, isOwed) {
  return { ...state, trouble: { sentence, retryAt }, isOwed }
}

// Returns { state, isAlert }. holdMs: looks from longer ago do not confirm this one.
export function judge(rule, before, verdict, now, holdMs = HOLD_MS) {
  const state = atTime(before, now)
  const at = Math.min(verdict.at, now)
  const fresh = [...state.looks, { isSo: verdict.isSo, at }].filter((look) => now - look.at <= holdMs)
  const window = fresh.slice(-SURE[rule.sure].of)
  const known = learn(rule, { ...state, looks: window })
  const looks = sinceIt(known.isSo, window)
  const next = { ...state, ...known, looks, verdict: { ...verdict, at }, trouble: null, isOwed: false }
  const isAlert = next.isDue && verdict.isSo === true && agree(rule, looks, true) && !isQuiet(next, now)
  if (!isAlert) return { state: next, isAlert }
  return { state: { ...next, isDue: false, toldAt: now, quietUntil: now + QUIET[rule.quiet].ms }, isAlert }
}

// Whether it has to look though nothing moves: what was seen is not sure yet, or was never told.
export function wantsLook(rule, before, now, holdMs = HOLD_MS) {
  const state = atTime(before, now)
  if (state.isOwed) return true
  const looks = state.looks.filter(({ at }) => now - at <= holdMs)
  const isUnsure = looks.some(({ isSo }) => isSo !== null && isSo !== state.isSo)
  return isUnsure || (isWaitingToTell(state, now) && (looks.length < SURE[rule.sure].of || looks.some(({ isSo }) => isSo)))
}

export function isQuiet({ quietUntil }, now) {
  return quietUntil !== null && now < quietUntil
}

// "off", "asleep", "quiet", "trouble", "unsure" or "awake". sleep: { why, since }, null while it can look.
export function phaseOf(rule, state, sleep, now) {
  if (!rule.isOn) return "off"
  if (sleep) return "asleep"
  if (isQuiet(atTime(state, now), now)) return "quiet"
  if (state.trouble) return "trouble"
  return nAgreeing(rule, state) > 0 ? "unsure" : "awake"
}

// The fraction of the moon beside the words; null where there is none.
export function moonOf(rule, state, sleep, now) {
  const phase = phaseOf(rule, state, sleep, now)
  if (phase === "unsure") return nAgreeing(rule, state) / SURE[rule.sure].needed
  return phase === "awake" ? 1 : null
}

export function lineOf(rule, state, sleep, now) {
  return {
    off: () => "Off",
    asleep: () => `Asleep since ${clock(sleep.since)}: ${SLEEPING[sleep.why] ?? sleep.why}`,
    quiet: () => `Told at ${clock(state.toldAt)}. Quiet for ${age(atTime(state, now).quietUntil - now)}.`,
    trouble: () => troubleWords(state.trouble, now),
    unsure: () => `${nAgreeing(rule, state)} of ${SURE[rule.sure].needed} looks say so`,
    awake: () => awakeWords(state, now),
  }[phaseOf(rule, state, sleep, now)]()
}

// The sentence of an alert: "1 found, sure after 2 of 3 looks."
export function toldWords(rule, { words }) {
  const first = words[0].toLocaleUpperCase() + words.slice(1)
  return `${first}, sure after ${SURE[rule.sure].words}.`
}

// What the page, a webhook and the log need of an alert, but for the frame and its places.
export function alertOf(rule, { words, count, answer, probability }, toldAt) {
  const said = rule.kind === "object" ? { object: rule.words, count } : { question: askedOf(rule), answer, probability }
  const text = toldWords(rule, { words })
  const name = shortened(nameOf(rule))
  const brief = rule.kind === "object" ? SURE[rule.sure].words : words
  return { ruleId: rule.id, name, kind: rule.kind, ...said, text, brief, toldAt, ways: rule.ways }
}

function shortened(name) {
  const signs = [...name]
  return signs.length <= MAX_NAME_CHARS ? name : `${signs.slice(0, MAX_NAME_CHARS - 1).join("")}…`
}

function troubleWords({ sentence, retryAt }, now) {
  const words = `Trouble: ${sentence}`
  return retryAt === null ? words : `${words} Next look in ${age(retryAt - now)}.`
}

function awakeWords({ verdict }, now) {
  if (!verdict) return "Awake"
  return `Awake · ${verdict.words} · ${duration(Math.max(0, now - verdict.at))} ago`
}

// The clock that went back takes all times with it: nothing is quieter or fresher for it. One that went
// forward ends what it passed.
function atTime(state, now) {
  const back = Math.max(0, state.seenAt - now)
  if (back === 0) return { ...state, seenAt: now }
  const looks = state.looks.map((look) => ({ ...look, at: look.at - back }))
  const quietUntil = state.quietUntil === null ? null : state.quietUntil - back
  const verdict = state.verdict && { ...state.verdict, at: state.verdict.at - back }
  return { ...state, looks, quietUntil, verdict, seenAt: now }
}

function learn(rule, { isSo, isDue, looks }) {
  if (isSo !== true && agree(rule, looks, true)) return { isSo: true, isDue: isSo === false || rule.when !== "goes" }
  if (isSo !== false && agree(rule, looks, false)) return { isSo: false, isDue: false }
  return { isSo, isDue }
}

// What was seen before it became so is over, and no reason for doubt.
function sinceIt(isSo, looks) {
  return isSo === null ? looks : looks.slice(Math.max(0, looks.findIndex((look) => look.isSo === isSo)))
}

function agree(rule, looks, isSo) {
  return looks.filter((look) => look.isSo === isSo).length >= SURE[rule.sure].needed
}

// Became so while it was quiet, or is about to be told.
function isWaitingToTell(state, now) {
  return state.isDue && !isQuiet(state, now)
}

// The looks that say so, while they are too few to tell.
function nAgreeing(rule, { isSo, isDue, looks }) {
  const isToBeTold = isDue || isSo === false || (isSo === null && rule.when !== "goes")
  const n = looks.filter((look) => look.isSo).length
  return isToBeTold && n < SURE[rule.sure].needed ? n : 0
}
