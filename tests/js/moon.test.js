import assert from "node:assert/strict"
import { test } from "node:test"

import { litPath } from "../../static/js/plain/moon.js"

const N_STEPS = 1000
const HALF = /^M0 -1A1 1 0 0 1 0 1A(?<across>[\d.]+) 1 0 0 (?<sweep>[01]) 0 -1Z$/

// The part of the disc between its right half and the terminator, an arc that bends right before the
// half moon (sweep 0) and left after it (sweep 1), summed up row by row.
function litPart(path) {
  const { across, sweep } = path.match(HALF).groups
  let lit = 0, disc = 0
  for (let step = 0; step < N_STEPS; step += 1) {
    const halfRow = Math.sqrt(1 - (2 * (step + 0.5) / N_STEPS - 1) ** 2)
    lit += halfRow + (sweep === "1" ? 1 : -1) * across * halfRow
    disc += 2 * halfRow
  }
  return lit / disc
}

for (const fraction of [0, 0.1, 0.37, 0.5, 0.68, 0.9, 1]) {
  test(`lit part of the moon is the fraction done, at ${fraction}`, () => {
    assert.ok(Math.abs(litPart(litPath(fraction, 1)) - fraction) < 0.001)
  })
}
