import assert from "node:assert/strict"
import { test } from "node:test"

import { checkOf } from "../../static/js/answers/check.js"
import { proofOf } from "../../static/js/asking/skills.js"
import { soughtObject } from "../../static/js/plain/command.js"

for (const [kind, answer, nFound, words] of [
  ["count", "There are four mugs.", 4, "It said four and points at four."],
  ["count", "There are four mugs.", 3, "It said four and points at three. Look at the dots before you trust the number."],
  ["count", "14 books", 13, "It said 14 and points at 13. Look at the dots before you trust the number."],
  ["count", "There are no mugs.", 0, "It said zero and points at none."],
  ["count", "No, there are two.", 2, "It said two and points at two."],
  ["presence", "Yes, on the desk.", 1, "It said yes and finds one."],
  ["presence", "Yes.", 0, "It said yes and finds none. Look at the picture before you trust it."],
  ["presence", "No, there is not.", 2, "It said no and finds two. Look at the picture before you trust it."],
  ["presence", "no", 0, "It said no and finds none."],
]) {
  test(`“${answer}” beside ${nFound} that were found: ${words}`, () => {
    assert.deepEqual(checkOf(kind, answer, nFound), { words, isSo: !words.includes("trust") })
  })
}

test("an answer that claims nothing is not checked", () => {
  assert.equal(checkOf("count", "Many mugs.", 3), null)
  assert.equal(checkOf("presence", "The desk is empty.", 3), null)
})

for (const [question, object] of [
  ["Is there a red mug on the desk?", "red mug on the desk"],
  ["are there any people in the picture", "people"],
  ["Can you see an apple?", "apple"],
  ["Is there anyone?", null],
  ["Is there a way to open it or not?", null],
  ["Is the door open?", null],
  ["Is there a mug? And a pen?", null],
  ["Are there any that are open?", null],
]) {
  test(`what “${question}” looks for: ${object}`, () => assert.equal(soughtObject(question), object))
}

test("what is there or not is found", () => {
  const proof = { skill: "detect", object: "mug", words: "Find the mug", kind: "presence" }
  assert.deepEqual(proofOf({ skill: "query", question: "Is there a mug?" }), proof)
})
