import assert from "node:assert/strict"
import { test } from "node:test"

import { COMMANDS } from "../../static/js/asking/skills.js"
import { countedObject, objectOf, readCommand, soughtIn } from "../../static/js/plain/command.js"

const MAX_OBJECT_CHARS = 200
const WISHES = [
  ["find the red circle", "detect", "red circle"],
  ["Find a mug.", "detect", "mug"],
  ["Please find  me an\u00a0apple!", "detect", "apple"],
  ["locate mugs", "detect", "mugs"],
  ["point at the red circle", "point", "red circle"],
  ["Point to the theatre", "point", "theatre"],
  ["point out the dog", "point", "dog"],
  ["find the", "detect", "the"],
]
const QUESTIONS = [
  "where is the red circle?",
  "Can you find the mug?",
  "find",
  "find out what this is",
  "Find where the mug is",
  "What is the point of this?",
  "finding the mug",
  "point the way",
  "Find the mug. What colour is it?",
  "find the mug\nand its colour",
  `find ${"a".repeat(201)}`,
]
const COUNTS = [
  ["How many stars?", "stars"],
  ["how many stars are there", "stars"],
  ["How many red mugs do you see in this picture?", "red mugs"],
  ["How many mugs in the picture are visible?", "mugs"],
  ["How many mugs are on the desk?", "mugs on the desk"],
  ["How many people are wearing hats?", "people wearing hats"],
  ["Count the stars.", "stars"],
  ["Count all the stars", "stars"],
  ["How many are there?", null],
  ["How many of these are red?", null],
  ["How many fingers am I holding up?", null],
  ["How many times did it ring?", null],
  ["How many stars are there? And hearts?", null],
  ["What colour are the stars?", null],
  [`How many ${"a".repeat(61)}`, null],
]

for (const [words, skill, object] of WISHES) {
  test(`"${words}" is a wish to have "${object}" found`, () => {
    assert.deepEqual(readCommand(words, COMMANDS, MAX_OBJECT_CHARS), { skill, object })
  })
}

for (const words of QUESTIONS) {
  test(`"${words}" stays a question`, () => assert.equal(readCommand(words, COMMANDS, MAX_OBJECT_CHARS), null))
}

for (const [question, object] of COUNTS) {
  test(`"${question}" counts ${object}`, () => assert.equal(countedObject(question), object))
}

test("object is named without its article and without a full stop", () => {
  assert.equal(objectOf(" the  red circle. "), "red circle")
  assert.equal(objectOf("?"), "?")
})

const NAMED = [
  ["It is a green tin.", "green tin"], ["A mug", "mug"], ["This looks like the red circle. It is round.", "red circle"],
  ["I can not say what that is.", null], ["", null],
]
for (const [answer, object] of NAMED) {
  test(`"${answer}" names ${object}`, () => assert.equal(soughtIn(answer), object))
}
