import assert from "node:assert/strict"
import { test } from "node:test"

import { foundWords, placeIn, placesWords } from "../../static/js/plain/places.js"

const PLACES = [
  [{ x: 0.1, y: 0.1 }, "left, top"],
  [{ x: 0.5, y: 0.5 }, "centre, middle"],
  [{ x: 1, y: 1 }, "right, bottom"],
  [{ xMin: -0.1, yMin: 0.3, xMax: 0.3, yMax: 0.6 }, "left, middle"],
  [{ xMin: 0, yMin: 0, xMax: 1, yMax: 1 }, "centre, middle"],
]

for (const [place, words] of PLACES) {
  test(`place ${JSON.stringify(place)} is said as "${words}"`, () => {
    assert.equal(placesWords("mug", [place]), `mug 1: ${words}.`)
  })
}

test("a place in a part of the picture has its place in the whole", () => {
  const area = { xMin: 0.5, yMin: 0.25, xMax: 1, yMax: 0.75 }
  assert.deepEqual(placeIn(area, { x: 0.5, y: 1 }), { x: 0.75, y: 0.75 })
  const box = { xMin: 0, yMin: 0, xMax: 1, yMax: 0.5 }
  assert.deepEqual(placeIn(area, box), { xMin: 0.5, yMin: 0.25, xMax: 1, yMax: 0.5 })
})

test("a long list of places is said in short", () => {
  const said = placesWords("mug", Array(13).fill({ x: 0.5, y: 0.5 }))
  assert.ok(said.endsWith("mug 10: centre, middle. And 3 more."), said)
})

test("nothing found is said with the name of what is missing", () => {
  assert.equal(foundWords("mug", 0), "No mug found.")
  assert.equal(foundWords("mug", 2), "2 found.")
})
