// What is kept of an answer, as the browser's database and files have it.
import { isArea, isCount, isFrame, isPicture, isPlaces, isTiles, isTime, isWords } from "../plain/checked.js"

const MAX_ID_CHARS = 64
const MAX_WORDS_CHARS = 20_000
const MAX_NAME_CHARS = 500
const MAX_TIMES = 10
const MAX_SPANS = 1000
const MAX_SPATIAL_REFS = 16
const REASONS = ["stop", "length", "cancelled", "replaced", "error"]

// Of each picture that is known here, by its bytes: whoever asks about it again shares it.
const pictureIds = new WeakMap()

// request: as answers/ has it; outcome: { text, places, reason, timings, error, spent }; model: its name, device and
// number format; settings: how it was asked, as far as anybody chose.
export function recordOf(request, askedAt, outcome, { model, settings }) {
  const { id, skill, question, object, isReasoning = false, spatialRefs = [], title, alert } = request
  const { blob, width, height, takenAt, isPast = false, tiles, closer = null } = request.frame
  const picture = { id: pictureIdOf(blob, id), blob, width, height, takenAt, isPast, closer, ...tiles && { tiles } }
  const asked = { skill, question, object, isReasoning, spatialRefs }
  const told = { id, askedAt, asked, title, alert: alert ?? null, outcome, model, settings }
  return { answer: { ...told, pictureId: picture.id, bytes: bytesOf(picture) }, picture }
}

// Whether what was read is what recordOf makes, whoever wrote it; skills: those there are.
export function isRecord({ answer, picture }, skills) {
  return isAnswer(answer, skills) && isFrame(picture) && typeof picture.isPast === "boolean"
    && picture.id === answer.pictureId && isCloser(picture.closer ?? null)
    && (picture.tiles === undefined || isTiles(picture.tiles))
}

export function isAnswer(answer, skills) {
  const { id, askedAt, asked, title, alert, outcome, pictureId, bytes, model, settings } = answer ?? {}
  return [id, pictureId].every((each) => isWords(each, MAX_ID_CHARS))
    && isTime(askedAt) && isWords(title, MAX_WORDS_CHARS)
    && skills.includes(asked?.skill) && typeof asked.isReasoning === "boolean"
    && [asked.question, asked.object].every(isWordsOrNothing) && isRefs(asked.spatialRefs ?? [])
    && (alert === null || [alert?.words, alert?.told].every((words) => isWords(words, MAX_WORDS_CHARS)))
    && isOutcome(outcome) && isCount(bytes, Number.MAX_SAFE_INTEGER) && isFacts(model) && isFacts(settings)
}

// The picture of a record as a card has it.
export function frameOf({ id, blob, width, height, takenAt, isPast, closer, tiles }) {
  pictureIds.set(blob, id)
  const taken = { takenAt, isPast, ...closer && { closer }, ...tiles && { tiles } }
  return { blob, width, height, ...taken, source: null, frameId: null }
}

// With the whole, where it is a part of one.
export function bytesOf({ blob, closer }) {
  return blob.size + (closer?.whole.blob.size ?? 0)
}

// Named after the first answer about it.
function pictureIdOf(blob, id) {
  if (!pictureIds.has(blob)) pictureIds.set(blob, id)
  return pictureIds.get(blob)
}

// What was kept before such places were known of has none.
function isRefs(value) {
  return isPlaces(value) && value.length <= MAX_SPATIAL_REFS
}

function isCloser(value) {
  return value === null || (isArea(value.area) && isPicture(value.whole))
}

function isOutcome(value) {
  const { text, places, reason, timings, error, spent, check, reasoning } = value ?? {}
  return isWords(text, MAX_WORDS_CHARS) && isPlaces(places) && REASONS.includes(reason) && isWordsOrNothing(error)
    && (check === undefined || (isWords(check?.words, MAX_WORDS_CHARS) && typeof check.isSo === "boolean"))
    && (reasoning === undefined || isReasoning(reasoning))
    && isTimes(timings) && (spent === null || (isTimes(spent?.timings) && isTimes(spent?.usage)))
}

function isReasoning({ text, spans, ms }) {
  return isWords(text, MAX_WORDS_CHARS) && isCount(ms, Number.MAX_SAFE_INTEGER)
    && Array.isArray(spans) && spans.length <= MAX_SPANS && spans.every(isSpan)
}

function isSpan(span) {
  return isCount(span?.start, MAX_WORDS_CHARS) && isCount(span.end, MAX_WORDS_CHARS) && isPlaces(span.points)
}

function isWordsOrNothing(value) {
  return value === undefined || value === null || isWords(value, MAX_WORDS_CHARS)
}

// Numbers by name, some of them not known.
function isTimes(value) {
  return value === null || isSmall(value, (each) => each === null || each === undefined || Number.isFinite(each))
}

function isFacts(value) {
  return isSmall(value, (each) => each === null || isWords(each, MAX_NAME_CHARS) || Number.isFinite(each))
}

function isSmall(value, isRight) {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value)
  return isObject && Object.keys(value).length <= MAX_TIMES && Object.values(value).every(isRight)
}
