import assert from "node:assert/strict"
import { test } from "node:test"

import { bounded, isAlert, MAX_ALERTS, MAX_BYTES } from "../../static/js/live/alert_log.js"
import { toldWords } from "../../static/js/live/alerts.js"

const alertOf = (nBytes) => ({
  id: "a1", ruleId: "r1", name: "Cat appears", kind: "object", object: "cat", count: 1,
  text: "1 found, sure after 2 of 3 looks.", brief: "2 of 3 looks", told: "Told at 14:32:07", toldAt: 1_790_000_000_000,
  places: [{ xMin: 0, yMin: 0, xMax: 1, yMax: 1 }, { x: 0.5, y: 0.5 }],
  frame: { blob: new Blob([new Uint8Array(nBytes)]), width: 640, height: 360, takenAt: 1_790_000_000_000 },
})

test("the newest alerts stay, up to so many", () => {
  const many = Array.from({ length: MAX_ALERTS + 20 }, () => alertOf(10))
  assert.deepEqual(bounded(many), many.slice(0, MAX_ALERTS))
})

test("the newest alerts stay, up to so many bytes of frames", () => {
  const many = Array.from({ length: 10 }, () => alertOf(MAX_BYTES / 4))
  assert.equal(bounded(many).length, 4)
  assert.deepEqual(bounded([alertOf(MAX_BYTES + 1)]), [])
})

test("an alert is read back", () => assert.ok(isAlert(alertOf(10))))

for (const [claim, change] of [
  ["without a frame", { frame: null }],
  ["whose frame is no picture", { frame: { blob: "jpeg", width: 1, height: 1, takenAt: 1 } }],
  ["whose frame has no size", { frame: { ...alertOf(1).frame, width: "640" } }],
  ["with places that are none", { places: [{ x: "0" }] }],
  ["with null for a place", { places: [null] }],
  ["without a time", { toldAt: NaN }],
  ["with a time that no clock shows", { toldAt: 1e300 }],
  ["with a name of a megabyte", { name: "a".repeat(1e6) }],
  ["about no object", { object: undefined }],
  ["of another kind", { kind: "rumour" }],
]) {
  test(`something ${claim} is no alert`, () => assert.ok(!isAlert({ ...alertOf(10), ...change })))
}

for (const value of [null, undefined, 7, "alert", []]) {
  test(`${JSON.stringify(value)} is no alert`, () => assert.ok(!isAlert(value)))
}

const AT = new Date(2026, 5, 1, 14, 32, 7).getTime()
for (const [ways, reached, words] of [
  [{}, {}, "Told at 14:32:07"],
  [{ sound: true }, { sound: true }, "Told at 14:32:07, with sound"],
  [{ sound: true, notification: true }, { sound: true, notification: true }, "Told at 14:32:07, with sound, with a notification"],
  [{ sound: true }, { sound: false }, "Told at 14:32:07, without sound: the browser plays none before a click"],
  [{ notification: true }, { notification: false }, "Told at 14:32:07, without a notification: the browser shows none"],
]) {
  test(words, () => assert.equal(toldWords({ toldAt: AT, ways }, reached), words))
}
