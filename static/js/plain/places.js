// What was found, in words. A place is a box { xMin, yMin, xMax, yMax } or a point { x, y }, in
// fractions of the frame.

const COLUMNS = ["left", "centre", "right"]
const ROWS = ["top", "middle", "bottom"]
const MAX_PLACES_SAID = 10

export function foundWords(object, nFound) {
  return nFound === 0 ? `No ${object} found.` : `${nFound} found.`
}

// "mug 1: left, middle. mug 2: right, middle."
export function placesWords(object, places) {
  const said = places.slice(0, MAX_PLACES_SAID)
  const words = said.map((place, index) => `${object} ${index + 1}: ${placeWords(place)}.`)
  const nLeft = places.length - said.length
  return [...words, nLeft > 0 ? `And ${nLeft} more.` : ""].join(" ").trim()
}

// An answer for those who listen: its words, and where each thing is that was found.
export function spokenWords(text, object, places) {
  return [text, placesWords(object, places)].filter(Boolean).join(" ")
}

function placeWords(place) {
  const { x, y } = centreOf(place)
  return `${COLUMNS[third(x)]}, ${ROWS[third(y)]}`
}

function centreOf({ x, y, xMin, yMin, xMax, yMax }) {
  return x === undefined ? { x: (xMin + xMax) / 2, y: (yMin + yMax) / 2 } : { x, y }
}

function third(fraction) {
  return Math.min(2, Math.max(0, Math.floor(3 * fraction)))
}
