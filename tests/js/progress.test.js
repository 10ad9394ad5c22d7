import assert from "node:assert/strict"
import { test } from "node:test"

import { fractionOf, percentOf } from "../../static/js/plain/progress.js"

test("percent are rounded down: only what is done is a hundred", () => {
  assert.equal(percentOf({ done: 1_420_000_000, total: 3_850_000_000 }), 36)
  assert.equal(percentOf({ done: 999, total: 1000 }), 99)
})

test("nothing is done of what nobody can know", () => {
  assert.equal(fractionOf({ done: 3, total: null }), 0)
  assert.equal(fractionOf({ done: 1, total: 4 }), 0.25)
})
