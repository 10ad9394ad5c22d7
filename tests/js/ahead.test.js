import assert from "node:assert/strict"
import { test } from "node:test"

import { isSame } from "../../static/js/looking/ahead.js"

const N_LEVELS = 64 * 48 * 4
const STILL = new Uint8ClampedArray(N_LEVELS).fill(100)

const changed = (change) => STILL.map(change)

test("noise of a camera does not make another scene", () => {
  assert.ok(isSame(STILL, changed((level, at) => level + (at % 3 - 1) * 2)))
})

test("one part of another colour makes another scene", () => {
  assert.ok(!isSame(STILL, changed((level, at) => at === 9 ? level + 13 : level)))
  assert.ok(isSame(STILL, changed((level, at) => at === 9 ? level + 12 : level)))
})

test("a little of change everywhere makes another scene", () => {
  assert.ok(!isSame(STILL, changed((level) => level + 3)))
})
