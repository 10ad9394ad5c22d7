// What a rule is: what is watched for, how sure it has to be, and how a person is told. Made of plain words,
// read back from where the browser kept it.
import { objectOf } from "../plain/command.js"
import { newId } from "../plain/ids.js"

export const MAX_RULES = 10
export const MAX_COUNT = 49

// The needed looks are always the smallest majority: what is so and what is not so cannot both be sure, and
// one of them is after so many looks that say either.
export const SURE = {
  "1 of 1": { needed: 1, of: 1, words: "1 look" },
  "2 of 3": { needed: 2, of: 3, words: "2 of 3 looks" },
  "3 of 5": { needed: 3, of: 5, words: "3 of 5 looks" },
}
export const QUIET = {
  "10 s": { ms: 10_000, words: "10 seconds" },
  "1 min": { ms: 60_000, words: "1 minute" },
  "10 min": { ms: 600_000, words: "10 minutes" },
  "1 h": { ms: 3_600_000, words: "1 hour" },
}
export const WHEN = { question: ["yes", "no"], object: ["appears", "goes", "more"] }
export const WAYS = ["page", "sound", "notification"]

export const ENOUGH_RULES = "Ten rules are enough. Delete one to add another."

const DEFAULTS = { limit: 2, sure: "2 of 3", quiet: "1 min" }
const DEFAULT_WAYS = { page: true, sound: true, notification: false }
const QUESTION = /\?\s*$|^(?:am|is|are|was|were|do|does|did|has|have|can|could|will|would|should|who|whose|what|where|when|which|why|how|isn['’]t|aren['’]t|what['’]s|who['’]s)\b/i
// "a parcel appears" is a parcel, and when to tell.
const OBJECT_EVENTS = {
  appears: /\s(?:appears?|shows? up|arrives?|comes?(?: in)?|turns? up|is (?:there|here))[.!]*$/i,
  goes: /\s(?:goes(?: away)?|leaves?|disappears?|vanish(?:es)?|is gone)[.!]*$/i,
}
const STATEMENT = /\b(?:is|are|has|have|isn['’]t|aren['’]t|boils|opens|closes|shuts|rings|starts|stops|moves|falls|burns|changes|turns|stands|sits|sleeps|wakes|rains|snows|looks|gets|becomes)\b/i
// "Glasses", "stands" and such alone are things.
const HAS_SUBJECT = /^\S+\s+\S/

// { kind, when }: the likelier meaning of what was written, to be changed by the person.
export function guess(words) {
  const line = words.trim()
  if (QUESTION.test(line)) return { kind: "question", when: "yes" }
  const event = Object.keys(OBJECT_EVENTS).find((when) => OBJECT_EVENTS[when].test(line))
  if (event) return { kind: "object", when: event }
  const isStatement = HAS_SUBJECT.test(line) && STATEMENT.test(line)
  return isStatement ? { kind: "question", when: "yes" } : { kind: "object", when: "appears" }
}

// A fresh rule; `words` as they were written.
export function newRule(fields) {
  return { id: newId(), ...DEFAULTS, isOn: true, ways: DEFAULT_WAYS, ...fields, words: cleaned(fields) }
}

// The sentence that says why there cannot be such a rule, or null. maxChars: { question, object }.
export function refusalOf({ kind, words }, maxChars) {
  if (words === "") return "Write what to tell you of: an object, as parcel, or a question, as Is the door open?"
  if (length(askedOf({ kind, words })) <= maxChars[kind]) return null
  const most = maxChars[kind].toLocaleString("en")
  return kind === "question" ? `A rule has room for ${most} characters.` : `An object has room for ${most} characters.`
}

// What the model is asked: a question, or the object to find.
export function askedOf({ kind, words }) {
  if (kind === "object" || isQuestion(words)) return words
  return `Is this so: ${words}?`
}

export function isQuestion(words) {
  return QUESTION.test(words)
}

// As it stands in the list: "Is the door open?", "Parcel appears".
export function nameOf({ kind, words, when, limit }) {
  const name = capital(words)
  if (kind === "object") return `${name} ${when === "more" ? `is more than ${limit}` : when}`
  if (when === "yes") return name
  return isQuestion(words) ? `${name} No` : `${name}: no`
}

// "2 of 3 looks, quiet 1 minute, sound".
export function settingsWords({ sure, quiet, ways }) {
  const names = { page: "on this page", sound: "sound", notification: "notification" }
  const loud = WAYS.filter((way) => ways[way] && way !== "page").map((way) => names[way])
  const told = loud.length > 0 ? loud.join(", ") : ways.page ? names.page : "only kept below"
  return `${SURE[sure].words}, quiet ${QUIET[quiet].words}, ${told}`
}

// Two rules with the same condition are about the same thing, however they tell of it.
export function conditionOf({ kind, words, when, limit }) {
  return JSON.stringify([kind, words, when, when === "more" ? limit : null])
}

// What stood in the browser's memory, whoever wrote it: the rules in it that can be one.
// Returns [{ rule, past: { isSo, isDue, toldAt } }], at most MAX_RULES.
export function readRules(text, maxChars) {
  const found = []
  for (const item of listIn(text)) {
    const rule = readRule(item, maxChars)
    if (rule && !found.some((each) => each.rule.id === rule.id)) found.push({ rule, past: readPast(item.past) })
    if (found.length === MAX_RULES) break
  }
  return found
}

export function writeRules(kept) {
  return JSON.stringify(kept.map(({ rule, past }) => ({ ...rule, past })))
}

function listIn(text) {
  try {
    const value = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

function readRule(item, maxChars) {
  if (!isRecord(item)) return null
  const { id, kind, words, when, limit, sure, quiet, isOn } = item
  if (typeof words !== "string" || typeof id !== "string" || !/^[\w-]{1,64}$/.test(id)) return null
  if (!Object.hasOwn(WHEN, kind) || !WHEN[kind].includes(when) || refusalOf(item, maxChars)) return null
  const rule = {
    id, kind, when,
    words: cleaned({ kind, words }),
    limit: isCount(limit) ? limit : DEFAULTS.limit,
    sure: isKeyOf(SURE, sure) ? sure : DEFAULTS.sure,
    quiet: isKeyOf(QUIET, quiet) ? quiet : DEFAULTS.quiet,
    ways: readWays(item.ways),
    isOn: isOn === true,
  }
  return refusalOf(rule, maxChars) ? null : rule
}

function readWays(ways) {
  const from = isRecord(ways) ? ways : DEFAULT_WAYS
  return Object.fromEntries(WAYS.map((way) => [way, from[way] === true]))
}

function readPast(past) {
  const { isSo, isDue, toldAt } = isRecord(past) ? past : {}
  return {
    isSo: typeof isSo === "boolean" ? isSo : null,
    isDue: isDue === true && isSo === true,
    toldAt: Number.isFinite(toldAt) && isTime(toldAt) ? toldAt : null,
  }
}

function cleaned({ kind, words }) {
  const line = words.trim().replace(/\s+/g, " ")
  if (kind === "object") {
    return objectOf(Object.values(OBJECT_EVENTS).reduce((left, event) => left.replace(event, ""), line))
  }
  if (!isQuestion(line)) return line.replace(/[\s.!]+$/, "") || line
  return `${capital(line.replace(/[\s.!?]+$/, ""))}?`
}

function isCount(value) {
  return Number.isInteger(value) && value >= 1 && value <= MAX_COUNT
}

function isTime(value) {
  return value >= 0 && value <= 8.64e15
}

function isKeyOf(table, value) {
  return typeof value === "string" && Object.hasOwn(table, value)
}

function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function length(words) {
  return [...words].length
}

function capital(words) {
  const [first = "", ...rest] = words
  return first.toLocaleUpperCase() + rest.join("")
}
