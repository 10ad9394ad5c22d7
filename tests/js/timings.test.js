import assert from "node:assert/strict"
import { test } from "node:test"

import { partsOf } from "../../static/js/answers/timings.js"

const EARLY = { queueMs: 100, encodeMs: 600, firstTokenMs: 900, totalMs: 2000 }
const LATER = { ...EARLY, decodeMs: 20, encodeMs: 400, prefillMs: 150 }
const UNTOLD = { totalMs: 500, firstTokenMs: null, queueMs: null }
const SAID = {
  "four parts": [EARLY, false, "0.1 s in line, 0.6 s looking, 0.2 s to the first word, 1.1 s writing"],
  "six parts": [
    LATER,
    false,
    "0.1 s in line, 20 ms opening the picture, 0.4 s looking, 0.1 s reading the question,"
      + " 0.2 s to the first word, 1.1 s writing",
  ],
  found: [EARLY, true, "0.1 s in line, 0.6 s looking, 0.2 s to begin, 1.1 s finding"],
  "nothing found": [{ ...EARLY, firstTokenMs: null }, true, "0.1 s in line, 0.6 s looking, 1.3 s searching"],
  "nothing told": [UNTOLD, false, "0.5 s to the end"],
}

for (const [name, [timings, isFinding, words]] of Object.entries(SAID)) {
  test(`time of an answer is said part by part: ${name}`, () => {
    assert.equal(partsOf(timings, isFinding).map((part) => part.words).join(", "), words)
  })
}

test("what took no time is left out", () => {
  const names = partsOf({ ...EARLY, encodeMs: 0.4 }, false).map(({ name }) => name)
  assert.deepEqual(names, ["in-line", "first-word", "writing"])
})
