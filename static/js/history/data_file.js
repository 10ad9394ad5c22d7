// Answers as one JSON file that can be brought in again and read by programs: its names are those of the wire, and each
// answer has a line of its own, so that nobody needs room for all of it.
import { refOf } from "../plain/places.js"
import { base64Of } from "../plain/saving.js"
import { bytesOf } from "./answer_record.js"
import { linesOf } from "./lines.js"

const FORMAT = "moonsight"
const VERSION = 1
const TYPE = "image/jpeg"
// One answer with its picture.
const MAX_LINE_CHARS = 24_000_000
// Other programs may write it in other lines: a file of this size is read at once.
const MAX_WHOLE_BYTES = 64_000_000
const FOREIGN = "This file is not from Moonsight. Nothing was changed."
const NEWER = "This file is from a newer Moonsight. Nothing was changed."
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

// A file that cannot be brought in, with the sentence for the person.
export class CannotRead extends Error {}

// kept: promises { answer, frame } one after the other. Tells how many are done. Returns a Blob.
export async function dataFile(kept, onProgress) {
  const head = { format: FORMAT, version: VERSION, exported_at: new Date().toISOString() }
  const parts = [`${JSON.stringify(head).slice(0, -1)},"answers":[\n`]
  const written = new Set()
  let n = 0
  for await (const { answer, frame } of kept) {
    const isNew = !written.has(answer.pictureId)
    written.add(answer.pictureId)
    const line = lineOf(answer, frame, isNew ? await imagesOf(frame) : {})
    parts.push(new Blob([n > 0 ? ",\n" : "", JSON.stringify(line)]))
    onProgress(n += 1)
  }
  return new Blob([...parts, "\n]}\n"], { type: "application/json" })
}

// The records of a file, one after the other: { answer, picture }. Throws CannotRead.
export async function* recordsOf(file, maxWholeBytes = MAX_WHOLE_BYTES) {
  const pictures = new Map()
  for await (const line of file.size > maxWholeBytes ? inLines(file) : atOnce(file)) yield recordOf(line, pictures)
}

async function* atOnce(file) {
  const whole = parsed(await file.text())
  checkHead(whole)
  if (!Array.isArray(whole.answers)) throw new CannotRead(FOREIGN)
  yield* whole.answers
}

async function* inLines(file) {
  let isHead = true
  for await (const line of linesOf(file, MAX_LINE_CHARS, () => new CannotRead(FOREIGN))) {
    if (isHead) checkHead(parsed(`${line}]}`))
    else if (line !== "]}" && line !== "") yield parsed(line.replace(/,$/, ""))
    isHead = false
  }
}

function checkHead(head) {
  const { format, version } = head ?? {}
  if (format !== FORMAT || !Number.isInteger(version)) throw new CannotRead(FOREIGN)
  if (version > VERSION) throw new CannotRead(NEWER)
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    throw new CannotRead(FOREIGN)
  }
}

// They stand in the first of the answers about them.
async function imagesOf({ blob, closer }) {
  if (!closer) return { image: await imageOf(blob) }
  const { blob: wholeBlob, ...size } = closer.whole
  const whole = { ...size, image: await imageOf(wholeBlob) }
  return { image: await imageOf(blob), closer: { area: placeOut(closer.area), whole } }
}

async function imageOf(blob) {
  return `data:${TYPE};base64,${await base64Of(blob)}`
}

function lineOf({ id, askedAt, asked, title, alert, outcome, model, settings, pictureId }, frame, images) {
  const { text, places, reason, error, timings, spent, check, reasoning } = outcome
  return {
    id, asked_at: isoOf(askedAt), ...named(asked, snake), spatial_refs: (asked.spatialRefs ?? []).map(refOf), title, alert,
    answer: text, places: places.map(placeOut), finish_reason: reason, error,
    timings: named(timings, snake), spent: spent && spentAs(spent, snake), ...check && { check: named(check, snake) },
    ...reasoning && { reasoning },
    model: named(model, snake), settings: named(settings, snake),
    frame: {
      id: pictureId, width: frame.width, height: frame.height, taken_at: isoOf(frame.takenAt), is_past: frame.isPast,
      ...frame.tiles && { tiles: frame.tiles.map(tileOut) },
      ...images,
    },
  }
}

// What is wrong with it is found by whoever checks records; a picture is read here.
function recordOf(line, pictures) {
  const { id, asked_at: askedAt, skill, question, object, title, alert, model, settings, reasoning } = line ?? {}
  const { answer: text, places, finish_reason: reason, error, timings, spent, check } = line ?? {}
  const { id: pictureId, width, height, taken_at: takenAt, is_past: isPast, tiles } = line?.frame ?? {}
  if (line?.frame?.image !== undefined && !pictures.has(pictureId)) pictures.set(pictureId, picturesOf(line.frame))
  const { blob, closer } = pictures.get(pictureId) ?? {}
  const { spatial_refs: refs = [] } = line ?? {}
  if (!blob || ![places, refs, tiles ?? []].every(Array.isArray)) throw new CannotRead(FOREIGN)
  const outcome = {
    text, places: places.map(placeIn), reason, error,
    timings: named(timings, camel), spent: spent && spentAs(spent, camel), ...check && { check: named(check, camel) },
    ...reasoning && { reasoning },
  }
  const asked = { skill, question, object, isReasoning: line.is_reasoning, spatialRefs: refs.map(placeOf) }
  const taken = { takenAt: Date.parse(takenAt), isPast, closer, ...tiles && { tiles: tiles.map(tileIn) } }
  const facts = { model: named(model, camel), settings: named(settings, camel) }
  const told = { id, askedAt: Date.parse(askedAt), asked, title, alert, outcome }
  return {
    answer: { ...told, ...facts, pictureId, bytes: bytesOf({ blob, closer }) },
    picture: { id: pictureId, blob, width, height, ...taken },
  }
}

// With the whole, where it is a part of one: closer is null where it is not.
function picturesOf({ image, closer }) {
  if (closer === undefined) return { blob: blobOf(image), closer: null }
  const { image: wholeImage, width, height } = closer?.whole ?? {}
  return { blob: blobOf(image), closer: { area: placeIn(closer?.area), whole: { width, height, blob: blobOf(wholeImage) } } }
}

// Only a JPEG that stands in the file itself.
function blobOf(image) {
  const head = `data:${TYPE};base64,`
  const data = typeof image === "string" && image.startsWith(head) ? image.slice(head.length) : ""
  if (data === "" || data.length % 4 !== 0 || !BASE64.test(data)) throw new CannotRead(FOREIGN)
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw new CannotRead(FOREIGN)
  return new Blob([bytes], { type: TYPE })
}

function placeOut({ x, y, xMin, yMin, xMax, yMax }) {
  return x === undefined ? { x_min: xMin, y_min: yMin, x_max: xMax, y_max: yMax } : { x, y }
}

function placeIn(place) {
  const { x, y, x_min: xMin, y_min: yMin, x_max: xMax, y_max: yMax } = place ?? {}
  return x === undefined ? { xMin, yMin, xMax, yMax } : { x, y }
}

// As refOf has it.
function placeOf(ref) {
  const [xMin, yMin, xMax, yMax] = Array.isArray(ref) ? ref : []
  return xMax === undefined ? { x: xMin, y: yMin } : { xMin, yMin, xMax, yMax }
}

function tileOut({ letter, when, ...place }) {
  return { letter, when, ...placeOut(place) }
}

function tileIn(tile) {
  return { letter: tile?.letter, when: tile?.when, ...placeIn(tile) }
}

function spentAs({ usage, timings }, name) {
  return { usage: named(usage, name), timings: named(timings, name) }
}

function named(values, name) {
  if (typeof values !== "object" || values === null) return values
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [name(key), value]))
}

function snake(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function camel(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
}

function isoOf(time) {
  return new Date(time).toISOString()
}
