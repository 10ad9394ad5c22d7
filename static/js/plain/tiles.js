// Frames that were asked about together, in one picture. A tile: { letter, when, xMin, yMin, xMax, yMax }, when it was
// taken in words, and where it lies in fractions of that picture; so are the places of all that is found in it.
import { centreOf, foundWords, fraction, placesWords } from "./places.js"

export const LETTERS = ["A", "B", "C", "D"]

// Of each tile the places whose centre lies in it, in fractions of its own frame. What lies in none is nobody's.
export function placesByTile(tiles, places) {
  const owners = places.map((place) => tiles.findIndex((tile) => holds(tile, centreOf(place))))
  return tiles.map((tile, at) => places.filter((_, nth) => owners[nth] === at).map((place) => within(tile, place)))
}

// When it was taken, where that stands alone; a file is called as it is.
export function whenAlone(when) {
  return when.includes(".") ? when : when.charAt(0).toUpperCase() + when.slice(1)
}

// "3 found: 1 in A, 2 in B."; "3 found." in a picture of one frame, which has no tiles.
export function foundInTiles(object, places, tiles) {
  if (!tiles || places.length === 0) return foundWords(object, places.length)
  const counts = placesByTile(tiles, places).map(({ length }, at) => [length, tiles[at].letter])
  const nElsewhere = places.length - counts.reduce((sum, [n]) => sum + n, 0)
  const said = [...counts, [nElsewhere, "none of them"]].filter(([n]) => n > 0).map(([n, where]) => `${n} in ${where}`)
  return `${places.length} found: ${said.join(", ")}.`
}

// "A, mug 1: left, middle. B, mug 1: right, middle."
export function placesInTiles(object, places, tiles) {
  if (!tiles) return placesWords(object, places)
  const said = placesByTile(tiles, places).map((each, at) => placesWords(`${tiles[at].letter}, ${object}`, each))
  return said.filter(Boolean).join(" ")
}

function holds({ xMin, yMin, xMax, yMax }, { x, y }) {
  return x >= xMin && x <= xMax && y >= yMin && y <= yMax
}

function within({ xMin, yMin, xMax, yMax }, place) {
  const [across, down] = [xMax - xMin, yMax - yMin]
  if (place.x !== undefined) return { x: (place.x - xMin) / across, y: (place.y - yMin) / down }
  return {
    xMin: fraction((place.xMin - xMin) / across), yMin: fraction((place.yMin - yMin) / down),
    xMax: fraction((place.xMax - xMin) / across), yMax: fraction((place.yMax - yMin) / down),
  }
}
