import assert from "node:assert/strict"
import { test } from "node:test"

import { foundInTiles, placesByTile, placesInTiles } from "../../static/js/plain/tiles.js"
import { layOut, lossWords } from "../../static/js/tray/layout.js"

const BOX = { width: 1280, height: 720 }
const WIDE = { width: 1280, height: 720 }
const HIGH = { width: 720, height: 1280 }
const SMALL = { width: 64, height: 36 }
const LINE = { width: 1, height: 10_000 }
const FLAT = { width: 10_000, height: 1 }

const shapes = [
  [WIDE, WIDE], [HIGH, HIGH], [WIDE, HIGH], [SMALL, SMALL], [LINE, WIDE], [FLAT, LINE], [WIDE, WIDE, WIDE],
  [WIDE, HIGH, LINE], [SMALL, SMALL, SMALL], [WIDE, WIDE, WIDE, WIDE], [LINE, WIDE, WIDE, WIDE], [WIDE, HIGH, FLAT, SMALL],
  [LINE, LINE, LINE, LINE], [FLAT, FLAT, FLAT, FLAT],
]
for (const frames of shapes) {
  const named = frames.map(({ width, height }) => `${width}x${height}`).join(", ")
  for (const box of [BOX, { width: 640, height: 360 }, { width: 160, height: 90 }]) {
    test(`${named} lie in ${box.width}x${box.height}, whole, apart, and no larger than they are`, () => {
      const { width, height, scales, tiles, linePx } = layOut(frames, box)
      assert.ok(width <= box.width && height <= Math.max(box.height, 4 * (linePx + 1) + 8), `${width}x${height}`)
      for (const [at, tile] of tiles.entries()) {
        const frame = frames[at]
        assert.ok(tile.x > 0 && tile.y >= linePx && tile.x + tile.width < width && tile.y + tile.height < height)
        assert.ok(tile.width <= frame.width && tile.height <= frame.height)
        // Within one pixel of its own proportions, and never thinner than one.
        for (const side of ["width", "height"]) {
          const wanted = Math.max(1, frame[side] * scales[at])
          assert.ok(wanted - tile[side] >= 0 && wanted - tile[side] < 1, `${tile[side]} of ${frame[side]}`)
        }
        for (const other of tiles.slice(0, at)) {
          const isBeside = other.x + other.width < tile.x || tile.x + tile.width < other.x
          assert.ok(isBeside || other.y + other.height + linePx <= tile.y || tile.y + tile.height + linePx <= other.y)
        }
      }
    })
  }
}

for (const [frames, claim, isIt] of [
  [[WIDE, WIDE], "side by side", ([a, b]) => a.y === b.y && a.x < b.x],
  [[HIGH, HIGH], "side by side", ([a, b]) => a.y === b.y && a.x < b.x],
  [[{ width: 1280, height: 200 }, { width: 1280, height: 200 }], "one below the other", ([a, b]) => a.x === b.x && a.y < b.y],
  [[WIDE, WIDE, WIDE], "in two rows", ([a, b, c]) => a.y === b.y && c.y > a.y && c.x === a.x],
  [[HIGH, HIGH, HIGH], "in one row", ([a, b, c]) => a.y === b.y && b.y === c.y],
  [[WIDE, WIDE, WIDE, WIDE], "in two rows", ([a, b, c, d]) => a.y === b.y && c.y === d.y && c.y > a.y],
]) {
  test(`${frames.length} frames of ${frames[0].width}x${frames[0].height} lie ${claim}`, () => {
    assert.ok(isIt(layOut(frames, BOX).tiles))
  })
}

test("what is lost is said as it is", () => {
  assert.equal(lossWords(layOut([WIDE, WIDE], BOX).scales), "Each is seen at half its width: small text may be lost.")
  assert.equal(lossWords(layOut([SMALL, SMALL], BOX).scales), "")
  assert.equal(lossWords([1 / 3, 0.34]), "Each is seen at a third of its width: small text may be lost.")
  assert.equal(lossWords([0.25, 0.9]), "Some are seen at a quarter of their width: small text may be lost.")
  assert.equal(lossWords([0.02, 0.02]), "Each is seen at less than a tenth of its width: small text may be lost.")
})

const TILES = [
  { letter: "A", when: "14:31", xMin: 0, yMin: 0.2, xMax: 0.4, yMax: 1 },
  { letter: "B", when: "now", xMin: 0.5, yMin: 0.2, xMax: 1, yMax: 1 },
]

test("a place goes back to its own frame, and one between them to none", () => {
  const box = { xMin: 0.1, yMin: 0.36, xMax: 0.3, yMax: 0.6 }
  const across = { xMin: 0.45, yMin: 0.6, xMax: 0.75, yMax: 1.2 }
  const [ofA, ofB] = placesByTile(TILES, [box, { x: 0.75, y: 0.6 }, { x: 0.45, y: 0.5 }, { x: 0.2, y: 0.1 }, across])
  const near = (place, wanted) => Object.entries(wanted).forEach(([name, value]) => assert.ok(Math.abs(place[name] - value) < 1e-9))
  assert.deepEqual([ofA.length, ofB.length], [1, 2])
  near(ofA[0], { xMin: 0.25, yMin: 0.2, xMax: 0.75, yMax: 0.5 })
  near(ofB[0], { x: 0.5, y: 0.5 })
  near(ofB[1], { xMin: 0, yMin: 0.5, xMax: 0.5, yMax: 1 })
})

test("what was found is said with the letter of its frame", () => {
  const places = [{ x: 0.2, y: 0.6 }, { x: 0.75, y: 0.6 }, { x: 0.9, y: 0.9 }]
  assert.equal(foundInTiles("mug", places, TILES), "3 found: 1 in A, 2 in B.")
  assert.equal(foundInTiles("mug", [...places, { x: 0.45, y: 0.5 }], TILES), "4 found: 1 in A, 2 in B, 1 in none of them.")
  assert.equal(foundInTiles("mug", [], TILES), "No mug found.")
  assert.equal(
    placesInTiles("mug", places, TILES),
    "A, mug 1: centre, middle. B, mug 1: centre, middle. B, mug 2: right, bottom.",
  )
})
