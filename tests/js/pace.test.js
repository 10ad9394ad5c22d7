import assert from "node:assert/strict"
import { test } from "node:test"

import { AS_IT_CHANGES, BACK_TO_BACK, isDue, paceWords, readPace } from "../../static/js/live/pace.js"

const never = () => false
const always = () => true

for (const [text, pace] of [
  ["as it changes", AS_IT_CHANGES], ["back to back", BACK_TO_BACK], ["2", 2], [" 0,5 ", 0.5],
  ["0.01", 0.25], ["3600", 60], ["-1", 0.25],
]) {
  test(`"${text}" is read as ${pace}`, () => assert.equal(readPace(text), pace))
}

for (const text of [null, undefined, "", "  ", "often", "NaN", "Infinity", "1e999", "2 s", "{}"]) {
  test(`${JSON.stringify(text)} is no pace`, () => assert.equal(readPace(text), null))
}

test("the first look is always due", () => {
  for (const pace of [AS_IT_CHANGES, BACK_TO_BACK, 60]) {
    assert.ok(isDue(pace, { hasNews: never, now: 5, lastAt: null }))
  }
})

test("back to back is due at once, and as it changes when there is news", () => {
  assert.ok(isDue(BACK_TO_BACK, { hasNews: never, now: 5, lastAt: 5 }))
  assert.ok(!isDue(AS_IT_CHANGES, { hasNews: never, now: 9000, lastAt: 5 }))
  assert.ok(isDue(AS_IT_CHANGES, { hasNews: always, now: 6, lastAt: 5 }))
})

test("so many seconds are counted from the last frame", () => {
  assert.ok(!isDue(0.25, { hasNews: always, now: 1249, lastAt: 1000 }))
  assert.ok(isDue(0.25, { hasNews: never, now: 1250, lastAt: 1000 }))
})

test("a clock that was put back an hour does not keep it from looking", () => {
  assert.ok(isDue(60, { hasNews: never, now: 1000, lastAt: 3_601_000 }))
})

test("the pace is said in words", () => {
  assert.deepEqual([AS_IT_CHANGES, BACK_TO_BACK, 0.5].map(paceWords), ["As it changes", "Back to back", "Every 0.5 s"])
})
