// What was found, in words. A place is a box { xMin, yMin, xMax, yMax } or a point { x, y }, in
// fractions of the frame.

const COLUMNS = ["left", "centre", "right"]
const ROWS = ["top", "middle", "bottom"]
const MAX_PLACES_SAID = 10

// The area that is all of a picture.
export const WHOLE = { xMin: 0, yMin: 0, xMax: 1, yMax: 1 }

export function foundWords(object, nFound) {
  return nFound === 0 ? `No ${object} found.` : `${nFound} found.`
}

// "mug 1: left, middle. mug 2: right, middle."
export function placesWords(object, places) {
  const said = places.slice(0, MAX_PLACES_SAID)
  const words = said.map((place, index) => `${object} ${index + 1}: ${whereWords(place)}.`)
  const nLeft = places.length - said.length
  return [...words, nLeft > 0 ? `And ${nLeft} more.` : ""].join(" ").trim()
}

// An answer for those who listen: its words, and where each thing is that was found.
export function spokenWords(text, object, places) {
  return [text, placesWords(object, places)].filter(Boolean).join(" ")
}

// As a question speaks of it: a point, or a box.
export function refOf({ x, y, xMin, yMin, xMax, yMax }) {
  return x === undefined ? [xMin, yMin, xMax, yMax] : [x, y]
}

// A place in a part of a picture, as a place in the whole. area: that part.
export function placeIn({ xMin: left, yMin: top, xMax: right, yMax: bottom }, place) {
  const across = (x) => left + x * (right - left)
  const down = (y) => top + y * (bottom - top)
  const { x, y, xMin, yMin, xMax, yMax } = place
  if (x !== undefined) return { x: across(x), y: down(y) }
  return { xMin: across(xMin), yMin: down(yMin), xMax: across(xMax), yMax: down(yMax) }
}

// "Right, bottom": where a place is; a cross that is moved over the picture needs it closer.
export function whereWords(place) {
  const { x, y } = centreOf(place)
  return `${COLUMNS[third(x)]}, ${ROWS[third(y)]}`
}

export function spotWords({ x, y }) {
  return `${Math.round(100 * x)}% from the left, ${Math.round(100 * y)}% from the top`
}

// The same place, where left is right.
export function mirrored({ x, y, xMin, xMax, ...place }) {
  return x === undefined ? { ...place, xMin: 1 - xMax, xMax: 1 - xMin } : { x: 1 - x, y }
}

// In 0..1, wherever it was.
export function fraction(value) {
  return Math.max(0, Math.min(value, 1))
}

export function centreOf({ x, y, xMin, yMin, xMax, yMax }) {
  return x === undefined ? { x: (xMin + xMax) / 2, y: (yMin + yMax) / 2 } : { x, y }
}

function third(fraction) {
  return Math.min(2, Math.max(0, Math.floor(3 * fraction)))
}
