// Whether what comes from outside is what it should be: a file, another tab, what the browser kept for years.
import { LETTERS } from "./tiles.js"

const LATEST = 8.64e15
const MAX_PLACES = 1000
const MAX_SIDE_PX = 1e5
const MAX_WHEN_CHARS = 100

export function isWords(value, maxChars) {
  return typeof value === "string" && value.length <= maxChars
}

export function isCount(value, most) {
  return Number.isFinite(value) && value >= 0 && value <= most
}

// As Date has it.
export function isTime(value) {
  return isCount(value, LATEST)
}

export function isPlaces(value) {
  return Array.isArray(value) && value.length <= MAX_PLACES && value.every(isPlace)
}

// Those of a picture in which several frames lie, as plain/tiles.js has them.
export function isTiles(value) {
  return Array.isArray(value) && value.length >= 2 && value.length <= LETTERS.length && value.every(isTile)
}

export function isFrame(value) {
  return isPicture(value) && isTime(value.takenAt)
}

export function isPicture(value) {
  const { blob, width, height } = value ?? {}
  return blob instanceof Blob && isCount(width, MAX_SIDE_PX) && isCount(height, MAX_SIDE_PX)
}

// A part of a picture, in fractions of it.
export function isArea(value) {
  const { xMin, yMin, xMax, yMax } = value ?? {}
  return [xMin, yMin, xMax, yMax].every((each) => isCount(each, 1)) && xMin < xMax && yMin < yMax
}

function isPlace(place) {
  const { x, y, xMin, yMin, xMax, yMax } = place ?? {}
  return (x === undefined ? [xMin, yMin, xMax, yMax] : [x, y]).every(Number.isFinite)
}

function isTile(tile, at) {
  return isArea(tile) && tile.letter === LETTERS[at] && isWords(tile.when, MAX_WHEN_CHARS)
}
