// What a request may hold, as protocol/request.py and protocol/choices.py have it: checked before anything is computed.
const MAX_QUESTION_CHARS = 2000
const MAX_OBJECT_CHARS = 200
const MAX_SPATIAL_REFS = 16
const MAX_TOKENS = 2048
const MAX_OBJECTS = 200
const MAX_STOPS = 4
const MAX_STOP_CHARS = 200
const MIN_CHOICES = 2
const MAX_CHOICES = 16
const MAX_CHOICE_CHARS = 40
const MAX_TEMPERATURE = 2
const CAPTION_LENGTHS = ["short", "normal", "long"]

const DEFAULTS = {
  length: "normal", choices: [], spatialRefs: [], stops: [], isReasoning: false, isLive: false,
  maxTokens: 768, maxObjects: 50, temperature: 0, topP: 0.3, seed: null,
}

// What was asked cannot be done; its message is for the person.
export class Refused extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

const NEEDED = { query: "question", detect: "object", point: "object" }

// What each field has to be: a test, and how it is said.
const RULES = {
  question: [textOf(MAX_QUESTION_CHARS), `a text of 1 to ${MAX_QUESTION_CHARS} characters`],
  object: [textOf(MAX_OBJECT_CHARS), `a text of 1 to ${MAX_OBJECT_CHARS} characters`],
  length: [(value) => CAPTION_LENGTHS.includes(value), CAPTION_LENGTHS.join(", ")],
  choices: [
    (value) => isList(value, MAX_CHOICES, textOf(MAX_CHOICE_CHARS)) && (value.length === 0 || value.length >= MIN_CHOICES),
    `${MIN_CHOICES} to ${MAX_CHOICES} texts of 1 to ${MAX_CHOICE_CHARS} characters`,
  ],
  spatialRefs: [(value) => isList(value, MAX_SPATIAL_REFS, isPlace), `at most ${MAX_SPATIAL_REFS} points [x, y] or boxes [xMin, yMin, xMax, yMax], in 0..1`],
  stops: [(value) => isList(value, MAX_STOPS, textOf(MAX_STOP_CHARS)), `at most ${MAX_STOPS} texts of 1 to ${MAX_STOP_CHARS} characters`],
  isReasoning: [isFlag, "true or false"],
  isLive: [isFlag, "true or false"],
  maxTokens: [wholeUpTo(MAX_TOKENS), `a whole number from 1 to ${MAX_TOKENS}`],
  maxObjects: [wholeUpTo(MAX_OBJECTS), `a whole number from 1 to ${MAX_OBJECTS}`],
  temperature: [numberUpTo(MAX_TEMPERATURE), `a number from 0 to ${MAX_TEMPERATURE}`],
  topP: [numberUpTo(1), "a number from 0 to 1"],
  seed: [(value) => value === null || Number.isSafeInteger(value) && value >= 0, "a whole number from 0, or null"],
}

// The request with every field that it may have. Throws Refused.
export function complete(request) {
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
  const needed = NEEDED[request.skill]
  for (const [name, [isWell, said]] of Object.entries(RULES)) {
    if ((name in given || name === needed) && !isWell(given[name])) throw new Refused("bad_request", `${name} must be ${said}.`)
  }
  return { ...DEFAULTS, ...given }
}

function textOf(maxChars) {
  return (value) => typeof value === "string" && value.trim() !== "" && [...value].length <= maxChars
}

function isList(value, max, isWell) {
  return Array.isArray(value) && value.length <= max && value.every(isWell)
}

function isFlag(value) {
  return typeof value === "boolean"
}

function isPlace(value) {
  return Array.isArray(value) && [2, 4].includes(value.length) && value.every(numberUpTo(1))
}

function wholeUpTo(max) {
  return (value) => Number.isInteger(value) && value >= 1 && value <= max
}

function numberUpTo(max) {
  return (value) => typeof value === "number" && value >= 0 && value <= max
}
