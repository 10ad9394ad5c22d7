import assert from "node:assert/strict"
import { test } from "node:test"

import { age, amountOf, duration, memory, noticeParts, ordinal, span } from "../../static/js/plain/words.js"

const NUMBERS = [
  [duration, [40], "0.0 s"],
  [duration, [1300], "1.3 s"],
  [duration, [9960], "10 s"],
  [span, [4.4], "4 ms"],
  [span, [94], "94 ms"],
  [span, [100], "0.1 s"],
  [span, [12_000], "12 s"],
  [age, [400], "0 s"],
  [age, [14_400], "14 s"],
  [age, [125_000], "2 min"],
  [age, [7_300_000], "2 h"],
  [ordinal, [1], "1st"],
  [ordinal, [2], "2nd"],
  [ordinal, [3], "3rd"],
  [ordinal, [4], "4th"],
  [ordinal, [12], "12th"],
  [ordinal, [22], "22nd"],
  [amountOf, [1_420_000_000, 3_850_000_000], "1.42 of 3.85 GB"],
  [amountOf, [1_500_000, 6_000_000], "1.5 of 6.0 MB"],
  [memory, [3_914_000_000], "3.9 GB"],
  [memory, [42_400_000], "42 MB"],
]
const NOTICES = [
  [null, "", ""],
  ["It is so.", "It is so.", ""],
  ["It is so: The hub is silent. Wait.", "It is so.", "The hub is silent. Wait."],
  ["See http://localhost:5000.", "See http://localhost:5000.", ""],
]

for (const [say, args, words] of NUMBERS) {
  test(`${say.name}(${args.join(", ")}) is said as "${words}"`, () => assert.equal(say(...args), words))
}

for (const [notice, sentence, reason] of NOTICES) {
  test(`notice "${notice}" is a sentence and its reason`, () => {
    assert.deepEqual(noticeParts(notice), { sentence, reason })
  })
}
